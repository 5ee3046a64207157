"""Anthropic Messages, streamed."""
import os

from anthropic import Anthropic

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:7071")
client = Anthropic(api_key=os.environ.get("GATEWAY_KEY", "unused"), base_url=f"{url}/anthropic")

with client.messages.stream(
    model=os.environ.get("MODEL", "demo"),
    max_tokens=256,
    messages=[{"role": "user", "content": "Say hello."}],
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()
