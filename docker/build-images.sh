#!/usr/bin/env bash
# Builds the image of every app (or of those named) with docker or buildah, whichever is there.
#   docker/build-images.sh [app ...]
# ENGINE=docker|buildah   NODE_IMAGE=...   TAG=dev   REGISTRY=omnibus
# BUILD_FLAGS: more flags for the build, e.g. "--isolation chroot" where containers cannot be nested.
set -euo pipefail
cd "$(dirname "$0")/.."

apps=("$@")
[ ${#apps[@]} -gt 0 ] || apps=(bus-migrate bus-producer bus-consumer bus-console points coupons wechat-notify sms)
engine=${ENGINE:-}
if [ -z "$engine" ]; then
  if docker info >/dev/null 2>&1; then engine=docker
  elif command -v buildah >/dev/null; then engine=buildah
  else echo "Neither a running docker nor buildah was found. On Debian: apt-get install buildah" >&2; exit 1
  fi
fi

flags=()
[ -z "${NODE_IMAGE:-}" ] || flags+=(--build-arg "NODE_IMAGE=$NODE_IMAGE")
# shellcheck disable=SC2206
[ -z "${BUILD_FLAGS:-}" ] || flags+=($BUILD_FLAGS)

done_apps=0
for app in "${apps[@]}"; do
  image="${REGISTRY:-omnibus}/$app:${TAG:-dev}"
  echo "[$((++done_apps))/${#apps[@]}] $image"
  case $engine in
    docker)  docker build -q -f docker/Dockerfile --build-arg "APP=$app" "${flags[@]}" -t "$image" . ;;
    buildah) buildah bud --layers -q -f docker/Dockerfile --build-arg "APP=$app" "${flags[@]}" -t "$image" . ;;
    *) echo "ENGINE is docker or buildah, not '$engine'" >&2; exit 1 ;;
  esac
done
