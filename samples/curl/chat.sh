#!/usr/bin/env bash
# Unified chat: OpenAI's shape, whatever provider is behind the endpoint; streamed.
set -euo pipefail
url=${GATEWAY_URL:-http://127.0.0.1:7071} key=${GATEWAY_KEY:-unused} model=${MODEL:-demo}

curl -fsSN "$url/mlflow/v1/chat/completions" -u "token:$key" -H "Content-Type: application/json" -d @- <<JSON
{"model": "$model", "stream": true, "messages": [{"role": "user", "content": "Say hello."}]}
JSON
