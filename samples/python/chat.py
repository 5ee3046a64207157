"""Unified chat: OpenAI's shape, whatever provider is behind the endpoint; streamed."""
import os

from openai import OpenAI

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:7071")
client = OpenAI(api_key=os.environ.get("GATEWAY_KEY", "unused"), base_url=f"{url}/mlflow/v1")

stream = client.chat.completions.create(
    model=os.environ.get("MODEL", "demo"),
    messages=[{"role": "user", "content": "Say hello."}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
