#!/usr/bin/env bash
# Unified responses: OpenAI's newer shape, whatever provider is behind the endpoint.
set -euo pipefail
url=${GATEWAY_URL:-http://127.0.0.1:7071} key=${GATEWAY_KEY:-unused} model=${MODEL:-demo}

curl -fsS "$url/mlflow/v1/responses" -H "Authorization: Bearer $key" -H "Content-Type: application/json" -d @- <<JSON
{"model": "$model", "input": "Say hello."}
JSON
