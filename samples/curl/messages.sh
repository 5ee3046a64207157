#!/usr/bin/env bash
# Anthropic Messages, streamed.
set -euo pipefail
url=${GATEWAY_URL:-http://127.0.0.1:7071} key=${GATEWAY_KEY:-unused} model=${MODEL:-demo}

curl -fsSN "$url/anthropic/v1/messages" -H "x-api-key: $key" -H "anthropic-version: 2023-06-01" -H "Content-Type: application/json" -d @- <<JSON
{"model": "$model", "max_tokens": 256, "stream": true, "messages": [{"role": "user", "content": "Say hello."}]}
JSON
