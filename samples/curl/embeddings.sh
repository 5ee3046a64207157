#!/usr/bin/env bash
# Embeddings, two at once.
set -euo pipefail
url=${GATEWAY_URL:-http://127.0.0.1:7071} key=${GATEWAY_KEY:-unused} model=${MODEL:-demo}

curl -fsS "$url/mlflow/v1/embeddings" -u "token:$key" -H "Content-Type: application/json" -d @- <<JSON
{"model": "$model", "input": ["red", "green"], "dimensions": 8}
JSON
