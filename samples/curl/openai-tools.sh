#!/usr/bin/env bash
# OpenAI Responses: the model asks for a tool.
set -euo pipefail
url=${GATEWAY_URL:-http://127.0.0.1:7071} key=${GATEWAY_KEY:-unused} model=${MODEL:-demo}

curl -fsS "$url/openai/v1/responses" -H "Authorization: Bearer $key" -H "Content-Type: application/json" -d @- <<JSON
{"model": "$model", "input": "What is the weather in Zurich?",
 "tools": [{"type": "function", "name": "get_weather", "strict": true,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false}}]}
JSON
