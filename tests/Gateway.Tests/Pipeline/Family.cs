using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>
/// One chat API as its clients and its providers know it: where it is, how it asks and answers <c>Hello</c> with <c>Hi there</c> for 11 and 4
/// tokens, how it breaks off, and how it tells an error.
/// </summary>
internal sealed record Family(string Name, DialectId Dialect)
{
    public const string Said = "Hi there";

    public static readonly Family Chat = new("chat", DialectIds.ChatCompletions)
    {
        Path = (_, _) => "/openai/v1/chat/completions",
        Body = (model, stream) => $$"""{"model": "{{model}}", "messages":[{"role":"user","content":"Hello"}], "max_completion_tokens": 64{{(stream ? ", \"stream\": true" : "")}}}""",
        Json = """{"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"served-model","choices":[{"index":0,"message":{"role":"assistant","content":"Hi there","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15}}""",
        Head = ["""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"served-model","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""" + "\n\n"],
        Content = ["""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"served-model","choices":[{"index":0,"delta":{"content":"Hi there"},"finish_reason":null}]}""" + "\n\n"],
        Tail =
        [
            """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"served-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n",
            """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"served-model","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15}}""" + "\n\n",
            "data: [DONE]\n\n",
        ],
        ErrorFrame = """data: {"error":{"message":"The engine is on fire","type":"server_error","param":null,"code":null}}""" + "\n\n",
        ErrorMark = "data: {\"error\":",
        EndMark = "[DONE]",
        ErrorBody = status => $$$"""{"error":{"message":"upstream says {{{status}}}","type":"some_error","param":null,"code":"some_code"}}""",
        ErrorMessage = root => root.GetProperty("error").GetProperty("message").GetString()!,
    };

    public static readonly Family Responses = new("responses", DialectIds.Responses)
    {
        Path = (_, _) => "/openai/v1/responses",
        Body = (model, stream) => $$"""{"model": "{{model}}", "input":"Hello", "max_output_tokens": 64{{(stream ? ", \"stream\": true" : "")}}}""",
        Json = """{"id":"resp_1","object":"response","created_at":1790000000,"status":"completed","model":"served-model","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi there","annotations":[]}]}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":15}}""",
        Head =
        [
            "event: response.created\n" + """data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1790000000,"status":"in_progress","model":"served-model","output":[]}}""" + "\n\n",
            "event: response.output_item.added\n" + """data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1","status":"in_progress","role":"assistant","content":[]}}""" + "\n\n",
            "event: response.content_part.added\n" + """data: {"type":"response.content_part.added","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}""" + "\n\n",
        ],
        Content = ["event: response.output_text.delta\n" + """data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hi there"}""" + "\n\n"],
        Tail =
        [
            "event: response.output_text.done\n" + """data: {"type":"response.output_text.done","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"text":"Hi there"}""" + "\n\n",
            "event: response.content_part.done\n" + """data: {"type":"response.content_part.done","sequence_number":5,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hi there","annotations":[]}}""" + "\n\n",
            "event: response.output_item.done\n" + """data: {"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi there","annotations":[]}]}}""" + "\n\n",
            "event: response.completed\n" + """data: {"type":"response.completed","sequence_number":7,"response":{"id":"resp_1","object":"response","created_at":1790000000,"status":"completed","model":"served-model","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi there","annotations":[]}]}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":15}}}""" + "\n\n",
        ],
        ErrorFrame = "event: error\n" + """data: {"type":"error","sequence_number":9,"code":"server_error","message":"The engine is on fire","param":null}""" + "\n\n",
        ErrorMark = "event: error\n",
        EndMark = "response.completed",
        ErrorBody = Chat.ErrorBody,
        ErrorMessage = Chat.ErrorMessage,
    };

    public static readonly Family Messages = new("messages", DialectIds.Messages)
    {
        Path = (_, _) => "/anthropic/v1/messages",
        Body = (model, stream) => $$"""{"model": "{{model}}", "max_tokens": 64, "messages":[{"role":"user","content":"Hello"}]{{(stream ? ", \"stream\": true" : "")}}}""",
        Json = """{"id":"msg_1","type":"message","role":"assistant","model":"served-model","content":[{"type":"text","text":"Hi there"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":4}}""",
        Head =
        [
            "event: message_start\n" + """data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"served-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}""" + "\n\n",
            "event: content_block_start\n" + """data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""" + "\n\n",
        ],
        Content = ["event: content_block_delta\n" + """data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi there"}}""" + "\n\n"],
        Tail =
        [
            "event: content_block_stop\n" + """data: {"type":"content_block_stop","index":0}""" + "\n\n",
            "event: message_delta\n" + """data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":4}}""" + "\n\n",
            "event: message_stop\n" + """data: {"type":"message_stop"}""" + "\n\n",
        ],
        ErrorFrame = "event: error\n" + """data: {"type":"error","error":{"type":"overloaded_error","message":"The engine is on fire"}}""" + "\n\n",
        ErrorMark = "event: error\n",
        EndMark = "message_stop",
        ErrorBody = status => $$$"""{"type":"error","error":{"type":"some_error","message":"upstream says {{{status}}}"},"request_id":"req_1"}""",
        ErrorMessage = root => root.GetProperty("error").GetProperty("message").GetString()!,
    };

    public static readonly Family Gemini = new("gemini", DialectIds.GenerateContent)
    {
        Path = (model, stream) => $"/gemini/v1beta/models/{model}:{(stream ? "streamGenerateContent?alt=sse" : "generateContent")}",
        Body = (_, _) => """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}], "generationConfig":{"maxOutputTokens":64}}""",
        Json = """{"candidates":[{"content":{"parts":[{"text":"Hi there"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":4,"totalTokenCount":15},"modelVersion":"served-model","responseId":"gem_1"}""",
        Head = [],
        Content = ["""data: {"candidates":[{"content":{"parts":[{"text":"Hi there"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":11,"totalTokenCount":11},"modelVersion":"served-model","responseId":"gem_1"}""" + "\n\n"],
        Tail = ["""data: {"candidates":[{"content":{"parts":[],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":4,"totalTokenCount":15},"modelVersion":"served-model","responseId":"gem_1"}""" + "\n\n"],
        ErrorFrame = """data: {"error":{"code":503,"message":"The engine is on fire","status":"UNAVAILABLE"}}""" + "\n\n",
        ErrorMark = "data: {\"error\":",
        EndMark = "finishReason",
        ErrorBody = status => $$$"""{"error":{"code":{{{status}}},"message":"upstream says {{{status}}}","status":"SOME_STATUS"}}""",
        ErrorMessage = Chat.ErrorMessage,
    };

    public static readonly IReadOnlyList<Family> All = [Chat, Responses, Messages, Gemini];

    public required Func<string, bool, string> Path { get; init; }

    public required Func<string, bool, string> Body { get; init; }

    /// <summary>A provider's answer.</summary>
    public required string Json { get; init; }

    /// <summary>A provider's stream before its first content.</summary>
    public required IReadOnlyList<string> Head { get; init; }

    public required IReadOnlyList<string> Content { get; init; }

    public required IReadOnlyList<string> Tail { get; init; }

    /// <summary>How a provider tells of a failure within a stream.</summary>
    public required string ErrorFrame { get; init; }

    /// <summary>What stands only in a stream that was completed.</summary>
    public required string EndMark { get; init; }

    /// <summary>What stands only in a frame that tells of a failure. Responses tells it a second time, in <c>response.failed</c>, Gemini as a bare object.</summary>
    public required string ErrorMark { get; init; }

    public required Func<int, string> ErrorBody { get; init; }

    public required Func<JsonElement, string> ErrorMessage { get; init; }

    public IReadOnlyList<string> Frames => [.. Head, .. Content, .. Tail];

    public string Stream => string.Concat(Frames);

    public static Family Named(string name) => All.Single(f => f.Name == name);

    public static TheoryData<string> Names => [.. All.Select(f => f.Name)];

    /// <summary>Every client before every provider.</summary>
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (Family client in All)
            {
                foreach (Family provider in All)
                {
                    pairs.Add(client.Name, provider.Name);
                }
            }

            return pairs;
        }
    }

    /// <summary>An endpoint whose destinations are stubs that speak this dialect, in order.</summary>
    public GatewayEndpoint Endpoint(string name, params ReadOnlySpan<StubProvider> stubs)
    {
        var destinations = new List<Destination>();
        foreach (StubProvider stub in stubs)
        {
            string destination = $"d{destinations.Count}";
            destinations.Add(new Destination(destination, new TestProvider($"p{destinations.Count}", stub.Address, Dialect), "upstream-model"));
        }

        return new GatewayEndpoint(name, destinations);
    }

    /// <summary>A client's request.</summary>
    public HttpRequestMessage Request(string model, bool stream = false, string? body = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Path(model, stream))
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body ?? Body(model, stream))) { Headers = { ContentType = new("application/json") } },
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "good");
        return request;
    }
}
