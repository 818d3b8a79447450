import type { AdversarialCase } from '../contract.ts';
import { APP, CONTENT, IS_TINY, locked, NOT_ALLOWED, on, TINY } from './base.ts';

/** What the lock saw of tags, and when: not what an image says of its age. */
export const LOCK_CASES: readonly AdversarialCase[] = [
  {
    name: 'SOURCE_DATE_EPOCH=0: a date of 1970 says nothing of the base’s age, the lock does',
    attack: async (stage) => {
      const base = await locked(stage, 'base: { allow: [tiny], freshness: { behind: 30d } }');
      await stage.image('app', { layers: [APP], ...on(base), config: { created: '1970-01-01T00:00:00Z' } });
      return stage.check('app');
    },
    expect: { ...IS_TINY, passes: ['BASE_CONTENT', 'BASE_FRESH'] },
  },
  {
    name: 'a date of today does not make a base fresh that its tag left long ago',
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [tiny], freshness: { behind: 30d } }' });
      const base = await stage.image('base', { layers: [TINY] });
      await stage.lock(undefined, new Date('2026-08-01T00:00:00Z'));
      await stage.image('new', { layers: [{ ...TINY, 'bin/sh': 'newer' }] });
      await stage.lock({ 'tiny:13': 'new' }, new Date('2026-09-01T00:00:00Z'));
      await stage.lock({ 'tiny:13': 'new' });
      await stage.image('app', { layers: [APP], ...on(base), config: { created: '2026-11-24T00:00:00Z' } });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_STALE'], passes: ['BASE_CONTENT'] },
  },
  {
    name: 'tag moved twice: what it leads to again is current, whatever lay between',
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [tiny], freshness: { behind: 30d } }', entry: ', history: 10d' });
      const base = await stage.image('base', { layers: [TINY] });
      await stage.image('new', { layers: [{ ...TINY, 'bin/sh': 'newer' }] });
      await stage.lock({ 'tiny:13': 'base' }, new Date('2026-08-01T00:00:00Z'));
      await stage.lock({ 'tiny:13': 'new' }, new Date('2026-09-01T00:00:00Z'));
      await stage.lock({ 'tiny:13': 'base' });
      await stage.image('app', { layers: [APP], ...on(base) });
      return stage.check('app');
    },
    expect: { ...IS_TINY, passes: ['BASE_CONTENT', 'BASE_FRESH'] },
  },
  {
    name: 'tag moved twice: what it led to in between has left, and no longer counts',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT, entry: ', history: 10d' });
      await stage.image('base', { layers: [TINY] });
      const between = await stage.image('new', { layers: [{ ...TINY, 'bin/sh': 'newer' }] });
      await stage.lock({ 'tiny:13': 'base' }, new Date('2026-08-01T00:00:00Z'));
      await stage.lock({ 'tiny:13': 'new' }, new Date('2026-09-01T00:00:00Z'));
      await stage.lock({ 'tiny:13': 'base' }, new Date('2026-10-01T00:00:00Z'));
      await stage.image('app', { layers: [APP], ...on(between) });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'tag gone: the lock that nobody could renew cannot say what is current',
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [tiny], freshness: { behind: 30d } }' });
      const base = await stage.image('base', { layers: [TINY] });
      await stage.lock(undefined, new Date('2026-08-01T00:00:00Z'));
      await stage.image('app', { layers: [APP], ...on(base) });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 6, codes: ['error BASE_LOCK_OUTDATED'], passes: ['BASE_CONTENT'] },
  },
  {
    name: 'a lock that was edited by hand is refused with the policy',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT);
      await stage.image('app', { layers: [APP], ...on(base) });
      stage.write('bases.lock.jsonl', '{"sequence":1}\n');
      return stage.check('app');
    },
    expect: { refused: 'LOCK_MALFORMED', exit: 6 },
  },
  {
    name: 'no lock at all: nothing is known, which is no pass',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT });
      await stage.image('app', { layers: [TINY, APP] });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 2, codes: ['error BASE_LOCK_MISSING'] },
  },
];
