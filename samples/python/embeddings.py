"""Embeddings, two at once."""
import os

from openai import OpenAI

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:7071")
client = OpenAI(api_key=os.environ.get("GATEWAY_KEY", "unused"), base_url=f"{url}/mlflow/v1")

answer = client.embeddings.create(model=os.environ.get("MODEL", "demo"), input=["red", "green"], dimensions=8)
for item in answer.data:
    print(item.index, item.embedding)
