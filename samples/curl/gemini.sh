#!/usr/bin/env bash
# Gemini generateContent; the model stands in the path.
set -euo pipefail
url=${GATEWAY_URL:-http://127.0.0.1:7071} key=${GATEWAY_KEY:-unused} model=${MODEL:-demo}

curl -fsS "$url/gemini/v1beta/models/$model:generateContent" -H "x-goog-api-key: $key" -H "Content-Type: application/json" -d @- <<JSON
{"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}
JSON
