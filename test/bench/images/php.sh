# Composer with local repositories (two vendor folders), and Composer itself and its libraries as Debian packages them.

build_php() {
  start_from php base
  apt_install php-cli composer
  pack "$work" php 'apt-get install php-cli composer'

  packages=$work/packages
  for package in acme/router:1.4.2 acme/clock:0.3.0 vendor.name/some_lib:v5.0.0-beta1 acme/dev-tool:dev-main; do
    name=${package%:*}
    mkdir -p "$packages/$name/src"
    echo '<?php' >"$packages/$name/src/a.php"
    printf '{"name": "%s", "version": "%s", "license": ["MIT", "GPL-2.0-or-later"], "type": "library", "autoload": {"classmap": ["src"]}}\n' "$name" "${package#*:}" \
      >"$packages/$name/composer.json"
  done
  mkdir -p "$root/srv/www" "$root/tmp/packages"
  cp -r "$packages/." "$root/tmp/packages"
  cat >"$root/srv/www/composer.json" <<'JSON'
{
  "name": "acme/site",
  "version": "1.0.0",
  "minimum-stability": "dev",
  "repositories": [{"type": "path", "url": "/tmp/packages/*/*", "options": {"symlink": false}}, {"packagist.org": false}],
  "require": {"acme/router": "^1.4", "acme/clock": "*", "vendor.name/some_lib": "*"},
  "require-dev": {"acme/dev-tool": "*"}
}
JSON
  chroot "$root" env COMPOSER_ALLOW_SUPERUSER=1 HOME=/root composer install --quiet --no-interaction --working-dir=/srv/www >&2
  rm -rf "$root/tmp/packages" "$root/root/.cache" "$root/root/.config"
  pack "$work" php 'composer install'
  finish php "$work"
}
