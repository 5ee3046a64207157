"""Unified responses: OpenAI's newer shape, whatever provider is behind the endpoint."""
import os

from openai import OpenAI

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:7071")
client = OpenAI(api_key=os.environ.get("GATEWAY_KEY", "unused"), base_url=f"{url}/mlflow/v1")

print(client.responses.create(model=os.environ.get("MODEL", "demo"), input="Say hello.").output_text)
