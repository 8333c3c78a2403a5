#!/usr/bin/env bash
# Makes a base image that holds Node without pulling one: Debian by debootstrap, and this machine's node and npm.
#   docker/node-base.sh [image name]        needs root, debootstrap, buildah
set -euo pipefail
image=${1:-localhost/omnibus-node-base:dev}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase --include=ca-certificates,libatomic1,libstdc++6 bookworm "$work/rootfs"
install -D "$(readlink -f "$(command -v node)")" "$work/rootfs/usr/local/bin/node"
npm_home=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
mkdir -p "$work/rootfs/usr/local/lib/node_modules"
cp -rL "$npm_home" "$work/rootfs/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/rootfs/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/rootfs/usr/local/bin/npx"
rm -rf "$work/rootfs/var/cache/apt" "$work/rootfs/var/lib/apt/lists"
tar -C "$work/rootfs" -cf "$work/rootfs.tar" .
printf 'FROM scratch\nADD rootfs.tar /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n' > "$work/Dockerfile"
buildah bud -q -t "$image" "$work"
echo "$image"
