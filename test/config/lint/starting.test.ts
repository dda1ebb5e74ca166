import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const insteadOf = (body: string): (string | undefined)[] =>
  problemsOf(body).map(({ instead }) => instead);

describe("goes-to-background", () => {
  test.each<[string, string]>([
    ["nginx", 'nginx -g "daemon off;"'],
    [
      "/usr/sbin/nginx -c /etc/nginx/nginx.conf",
      '/usr/sbin/nginx -c /etc/nginx/nginx.conf -g "daemon off;"',
    ],
    ["php-fpm8.2 -R", "php-fpm8.2 -R -F"],
    ["php-fpm -D", "php-fpm -F"],
    ["apache2ctl start", "apache2ctl -D FOREGROUND"],
    ["httpd -k start", "httpd -D FOREGROUND"],
    ["cron", "cron -f"],
    ["/usr/sbin/crond -s", "/usr/sbin/crond -s -n"],
    ["/usr/sbin/sshd", "/usr/sbin/sshd -D"],
    ["rsyslogd", "rsyslogd -n"],
    ["bundle exec sidekiq -d -t 5", "bundle exec sidekiq -t 5"],
    ["celery multi start w1 -A shop -Q mail", "celery -A shop worker -Q mail"],
    ["celery -A shop worker --detach", "celery -A shop worker"],
    ["gunicorn app:app --daemon", "gunicorn app:app"],
    ["gunicorn -D app:app", "gunicorn app:app"],
    ["airflow scheduler -D", "airflow scheduler"],
    ["redis-server --daemonize yes", "redis-server --daemonize no"],
    ["uwsgi --die-on-term --daemonize /var/log/uwsgi.log", "uwsgi --die-on-term"],
    ["pm2 start app.js", "pm2-runtime start app.js"],
    ["docker run -d --rm app", "docker run --rm app"],
    ["service cron start", "cron -f"],
    ["systemctl start nginx", 'nginx -g "daemon off;"'],
    ["/etc/init.d/cron start", "cron -f"],
    ["postfix start", "postfix start-fg"],
    ["setsid /opt/worker", "/opt/worker"],
    ['sh -c "/opt/worker &"', 'sh -c "/opt/worker"'],
    ["bash -c 'cd /srv && /opt/worker &'", "bash -c 'cd /srv && /opt/worker'"],
    ['bash -c "nginx"', 'nginx -g "daemon off;"'],
    ['bash -lc "mkdir -p /run; exec php-fpm"', "bash -lc 'mkdir -p /run; exec php-fpm -F'"],
  ])("%s: %s", (command, instead) => {
    const body = program(command);
    expect(rulesFor(body)).toEqual(["goes-to-background command"]);
    expect(insteadOf(body)).toEqual([`command=${instead}`]);
    expect(rulesFor(program(command, "startsecs=0", "autorestart=false"))).toEqual([]);
  });

  test.each([
    ['nginx -g "daemon off;"'],
    ["nginx -c /srv/own.conf"],
    ["php-fpm -F"],
    ["php-fpm --nodaemonize"],
    ["php-fpm7.4 -RF"],
    ["php-fpm -y /srv/fpm.conf"],
    ["apache2ctl -D FOREGROUND"],
    ["apache2 -DFOREGROUND"],
    ["httpd -X"],
    ["apache2-foreground"],
    ["cron -f -L 15"],
    ["crond -f"],
    ["crond -n"],
    ["/usr/sbin/sshd -De"],
    ["rsyslogd -n"],
    ["sidekiq -t 5"],
    ["celery -A shop worker"],
    ["gunicorn app:app"],
    ["airflow scheduler"],
    ["redis-server"],
    ["redis-server --daemonize no"],
    ["memcached -m 64"],
    ["postgres -D /var/lib/postgresql"],
    ["docker run --rm app"],
    ["setsid --wait /opt/worker"],
    ["pm2 start app.js --no-daemon"],
    ["service cron status"],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command))).toEqual([]);
  });
});

describe("ends-before-startsecs", () => {
  test.each<[string, string]>([
    ["true", "1"],
    ["echo ready", "1"],
    ["/bin/date", "5"],
    ["sleep 1", "1"],
    ["sleep 0.5", "1"],
    ["sleep 1m", "60"],
    ["timeout 5 /opt/worker", "10"],
    ["timeout -k 1 5s /opt/worker", "5"],
    ["php artisan migrate --force", "1"],
    ["php artisan config:cache", "1"],
    ["bin/console doctrine:migrations:migrate -n", "1"],
    ["bundle exec rails db:migrate", "1"],
    ["python manage.py collectstatic", "1"],
    ["airflow db upgrade", "1"],
    ["alembic upgrade head", "1"],
    ["node worker.js --once", "1"],
    ['bash -c "php artisan migrate"', "1"],
  ])("%s with startsecs=%s", (command, seconds) => {
    const body = program(command, `startsecs=${seconds}`);
    expect(rulesFor(body)).toEqual(["ends-before-startsecs startsecs"]);
    expect(rulesFor(program(command, "startsecs=0"))).toEqual([]);
  });

  test.each<[string, string]>([
    ["sleep 3600", "1"],
    ["sleep infinity", "1"],
    ["sleep 2", "1"],
    ["timeout 3600 /opt/worker", "10"],
    ["/opt/migrate-daemon", "1"],
    ["php artisan serve", "1"],
    ["python manage.py runserver", "1"],
    ['bash -c "sleep 10; true"', "1"],
    ["/opt/echo-server --migrate", "1"],
  ])("not for %s with startsecs=%s", (command, seconds) => {
    const body = program(command, `startsecs=${seconds}`, "stopasgroup=true");
    expect(rulesFor(body)).toEqual([]);
  });

  test.each<[string, string[], string]>([
    ["true", [], "startsecs=0"],
    ["true", ["autorestart=true"], "startsecs=0\nautorestart=false"],
    ["node worker.js --once", ["autorestart=true"], "startsecs=0"],
    ["php artisan schedule:run", ["autorestart=true"], "command=php artisan schedule:work"],
  ])("%s %j: %s", (command, lines, instead) => {
    expect(insteadOf(program(command, ...lines))).toEqual([instead]);
  });
});

describe("restarts-forever", () => {
  const spins = ["restarts-forever autorestart"];
  const atOnce = ["startsecs=0", "autorestart=true"];
  test.each<[string, string]>([
    ["true", "autorestart=false"],
    ["/bin/echo ready", "autorestart=false"],
    ["python manage.py migrate", "autorestart=false"],
    ['bash -c "php artisan config:cache"', "autorestart=false"],
    ["php artisan schedule:run", "command=php artisan schedule:work"],
  ])("%s: %s", (command, instead) => {
    const body = program(command, ...atOnce);
    expect(rulesFor(body)).toEqual(spins);
    expect(insteadOf(body)).toEqual([instead]);
    expect(rulesFor(program(command, "startsecs=0"))).toEqual([]);
    expect(rulesFor(program(command, "startsecs=0", "autorestart=false"))).toEqual([]);
  });

  test.each([
    ["sleep 60"],
    ["timeout 60 /opt/worker"],
    ["node worker.js --once"],
    ["/opt/worker"],
    ['bash -c "sleep 60; date"'],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command, ...atOnce, "stopasgroup=true"))).toEqual([]);
  });
});
