# Debian's Ruby with a few hundred files of gems: the default and bundled gems of Ruby, and Rails as Debian packages it.

build_ruby() {
  start_from ruby base
  apt_install ruby ruby-rails ruby-nokogiri bundler puma
  pack "$work" ruby 'apt-get install ruby ruby-rails'
  # a gem that no OS package owns
  gem_source=$work/gem
  mkdir -p "$gem_source/lib"
  echo 'module Shop; end' >"$gem_source/lib/shop.rb"
  cat >"$gem_source/shop.gemspec" <<'RUBY'
Gem::Specification.new do |s|
  s.name = 'shop'
  s.version = '3.1.0.pre2'
  s.summary = 'A shop'
  s.authors = ['Shop']
  s.licenses = ['MIT', 'Ruby']
  s.files = ['lib/shop.rb']
  s.add_runtime_dependency 'rack', '>= 2'
end
RUBY
  cp -r "$gem_source" "$root/tmp/gem"
  chroot "$root" sh -c 'cd /tmp/gem && gem build --silent shop.gemspec && gem install --silent --local --ignore-dependencies --no-document shop-3.1.0.pre2.gem' >&2
  rm -rf "$root/tmp/gem"
  pack "$work" ruby 'gem install shop'
  finish ruby "$work"
}
