"""OpenAI Responses: the model asks for a tool, gets its result, and answers."""
import os

from openai import OpenAI

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:7071")
client = OpenAI(api_key=os.environ.get("GATEWAY_KEY", "unused"), base_url=f"{url}/openai/v1")
model = os.environ.get("MODEL", "demo")
tools = [{
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
}]

items = [{"role": "user", "content": "What is the weather in Zurich?"}]
first = client.responses.create(model=model, input=items, tools=tools)
items += first.output
for call in (item for item in first.output if item.type == "function_call"):
    print("tool:", call.name, call.arguments)
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"})
print(client.responses.create(model=model, input=items, tools=tools).output_text)
