#!/usr/bin/env bash
# Runs each image's process as its own user with buildah and waits for /health/ready (migrations: for exit 0).
# Needs DATABASE_URL of a PostgreSQL that it may fill; loopback only.
#   DATABASE_URL=postgres://bus@127.0.0.1:54329/bus docker/smoke-images.sh [app ...]
set -euo pipefail
: "${DATABASE_URL:?name an empty PostgreSQL database}"
apps=("$@")
[ ${#apps[@]} -gt 0 ] || apps=(bus-migrate points coupons wechat-notify sms bus-producer bus-consumer bus-console)
port=${FIRST_PORT:-4700}
failed=0

run() { # container, then the arguments of the entry point
  local container=$1; shift
  buildah run --isolation chroot --user 10001:10001 \
    --env "DATABASE_URL=$DATABASE_URL" --env "HTTP_PORT=$port" --env "RPC_PORT=$((port + 1))" --env BIND_HOST=127.0.0.1 \
    "$container" -- node --max-semi-space-size=32 --heap-growing-percent=200 --max-old-space-size=320 --enable-source-maps main.js "$@"
}

for app in "${apps[@]}"; do
  container=$(buildah from "${REGISTRY:-omnibus}/$app:${TAG:-dev}")
  port=$((port + 2))
  user=$(buildah inspect --format '{{.OCIv1.Config.User}}' "$container")
  case $app in
    bus-migrate)
      if run "$container" >/tmp/smoke-$app.log 2>&1; then echo "ok      $app (user $user): exit 0"; else echo "FAILED  $app"; tail -5 /tmp/smoke-$app.log; failed=1; fi ;;
    *)
      case $app in bus-*) ;; *) run "$container" --migrate >/tmp/smoke-$app.log 2>&1 || { echo "FAILED  $app --migrate"; tail -5 /tmp/smoke-$app.log; failed=1; } ;; esac
      run "$container" >/tmp/smoke-$app.log 2>&1 &
      pid=$!
      ready=no
      for _ in $(seq 1 100); do
        if curl -fs "http://127.0.0.1:$port/health/ready" >/dev/null 2>&1; then ready=yes; break; fi
        sleep 0.3
      done
      if [ $ready = yes ]; then
        uid=$(ps -eo uid,args | awk '/heap-growing-percent=200 .*main.js/ && !/awk|buildah/ {print $1; exit}')
        echo "ok      $app (runs as uid $uid): /health/ready answers"
      else echo "FAILED  $app"; tail -5 /tmp/smoke-$app.log; failed=1; fi
      # The process below buildah, then buildah itself.
      pkill -TERM -P "$pid" 2>/dev/null || kill "$pid" 2>/dev/null || true
      wait "$pid" 2>/dev/null || true ;;
  esac
  buildah rm "$container" >/dev/null
done
exit $failed
