#!/bin/sh
# Rebuilds graphql_app/static/graphiql/bundle from the exact versions in package-lock.json. Requires Node 20.11 or newer.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund
node build.mjs "$@"
