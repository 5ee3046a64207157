"""Gemini generateContent."""
import os

from google import genai
from google.genai import types

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:7071")
client = genai.Client(api_key=os.environ.get("GATEWAY_KEY", "unused"), http_options=types.HttpOptions(base_url=f"{url}/gemini"))

print(client.models.generate_content(model=os.environ.get("MODEL", "demo"), contents="Say hello.").text)
