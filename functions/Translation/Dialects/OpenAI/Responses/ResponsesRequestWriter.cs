using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Writes a request for a provider. A client of another dialect keeps its conversation itself, so nothing is stored for it unless it says
/// so, and reasoning is asked for in encrypted form, to be sent back with the next turn.
/// </summary>
internal sealed class ResponsesRequestWriter(ChatRequest request, TargetProfile target, TranslationReport report)
{
    private const int MaxLabels = 16;
    private const int MaxLabel = 512;

    private readonly OpenAIModel _model = OpenAIModel.Of(target.Model);
    private readonly bool _own = ResponsesWire.IsOwn(request.Extra);

    /// <summary>Writes the whole request.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        WriteModelInput(writer);
        ReasoningEffort? effort = Effort();
        WriteLimits(writer);
        WriteSampling(writer, effort);
        WriteInclude(writer, effort);
        WriteHousekeeping(writer);
        ReportUnspeakable();
        ResponsesWire.WriteCarried(writer, request.Extra, name => Takes(name));
        if (request.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes what the counting of tokens takes: all that the model is given to read.</summary>
    public void WriteCount(IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        WriteModelInput(writer);
        foreach (string name in (ReadOnlySpan<string>)["previous_response_id", "conversation", "truncation", "personality"])
        {
            if (_own && request.Extra![name] is { } value)
            {
                writer.WritePropertyName(name);
                writer.WriteRaw(value);
            }
        }

        writer.WriteEndObject();
    }

    private void WriteModelInput(Utf8JsonWriter writer)
    {
        writer.WriteString("model"u8, target.Model);
        var items = new ResponsesItems(writer, _own, _model.CacheBreakpoints, report);
        WriteInstructions(writer);
        items.Write(InputMessages());
        WriteTools(writer);
        if (Takes("text", silently: request.ResponseFormat is null && request.Verbosity is null))
        {
            new ResponsesTextWriter(request, report).Write(writer);
        }

        WriteReasoning(writer);
    }

    /// <summary>Instructions are one text here; those that hold anything else are a turn of their own in front of the others.</summary>
    private void WriteInstructions(Utf8JsonWriter writer)
    {
        if (request.Instructions.Count > 0 && IsText(request.Instructions))
        {
            if (request.Instructions.Any(p => p.Cache is not null))
            {
                report.Change("cache_control", CacheBreakpoints.FindsPrefixes);
            }

            string text = string.Join("\n\n", request.Instructions.OfType<TextPart>().Select(p => p.Text));
            writer.WriteString("instructions"u8, text);
        }
    }

    private IReadOnlyList<Message> InputMessages() => request.Instructions.Count == 0 || IsText(request.Instructions)
        ? request.Messages
        : [new Message(Role.Developer, request.Instructions), .. request.Messages];

    /// <summary>A mark for the cache can only stand on a part of a turn.</summary>
    private bool IsText(IReadOnlyList<ContentPart> parts) =>
        parts.All(p => p is TextPart) && !(_model.CacheBreakpoints && parts.Any(p => p.Cache is not null));

    private void WriteTools(Utf8JsonWriter writer)
    {
        if (request.Tools.Any(t => t.Cache is not null))
        {
            report.Change("cache_control", CacheBreakpoints.FindsPrefixes);
        }

        if (request.Tools.Count > 0 && Takes("tools"))
        {
            writer.WritePropertyName("tools"u8);
            ResponsesToolsWriter.Write(writer, request.Tools, report);
        }

        // Without tools OpenAI refuses to be told how to choose among them.
        if (request.ToolChoice is { } choice && (_own || request.Tools.Count > 0) && Takes("tool_choice"))
        {
            writer.WritePropertyName("tool_choice"u8);
            ResponsesToolsWriter.WriteChoice(writer, choice, request.Tools);
        }

        if (request.ParallelToolCalls is { } parallel && (_own || (request.Tools.Count > 0 && target.Quirks.ParallelToolCalls)) && Takes("parallel_tool_calls"))
        {
            writer.WriteBoolean("parallel_tool_calls"u8, parallel);
        }
    }

    /// <summary>The effort that is sent: the one nearest to what was asked for that the model takes.</summary>
    private ReasoningEffort? Effort()
    {
        if (_own)
        {
            return request.Reasoning?.Effort;
        }

        // Whether a model reasons at all cannot be told from a deployment's name; one that does not refuses even to be told not to.
        if (_model.Reasons == false || (_model.Reasons is null && request.Reasoning is { Mode: ReasoningMode.Disabled, Effort: null }))
        {
            return null;
        }

        return ReasoningTable.EffortOf(request.Reasoning) is { } effort ? _model.Nearest(effort) : null;
    }

    private void WriteReasoning(Utf8JsonWriter writer)
    {
        if (request.Reasoning is not { } options || !Takes("reasoning"))
        {
            return;
        }

        if (!_own && _model.Reasons == false)
        {
            if (ReasoningTable.EffortOf(options) is not (null or ReasoningEffort.None))
            {
                report.Drop("reasoning", "this model does not reason");
            }

            return;
        }

        ReasoningEffort? effort = Effort();
        string? summary = ResponsesWire.Carries(request.Extra, "reasoning.generate_summary")
            ? null
            : options.Summary ?? (ShowsThoughts(options) ? "auto" : null);
        if (!_own && effort is null && summary is null)
        {
            return;
        }

        if (!_own)
        {
            ReportEffort(options, effort);
        }

        writer.WriteStartObject("reasoning"u8);
        if (effort is { } value)
        {
            writer.WriteString("effort"u8, ReasoningTable.NameOf(value));
        }

        if (summary is not null)
        {
            writer.WriteString("summary"u8, summary);
        }

        ResponsesWire.WriteCarried(writer, request.Extra, "reasoning");
        writer.WriteEndObject();
    }

    /// <summary>Elsewhere who asks for thinking gets to read it, unless he says that he does not want to; here only a summary can be read, and has to be asked for.</summary>
    private static bool ShowsThoughts(ReasoningOptions options) => options.IncludeThoughts ?? options.Mode is ReasoningMode.Enabled or ReasoningMode.Adaptive;

    private void ReportEffort(ReasoningOptions options, ReasoningEffort? sent)
    {
        if (sent is not { } effort || ReasoningTable.EffortOf(options) is not { } asked)
        {
            return;
        }

        if (options is { Effort: null, BudgetTokens: { } budget })
        {
            report.Change("reasoning.effort", $"{ReasoningTable.NameOf(effort)} for a budget of {budget} tokens");
        }
        else if (asked != effort)
        {
            report.Change("reasoning.effort", $"{ReasoningTable.NameOf(effort)}, the nearest to {ReasoningTable.NameOf(asked)} that this model takes");
        }
    }

    private void WriteLimits(Utf8JsonWriter writer)
    {
        if (request.MaxOutputTokens is not { } limit || !Takes("max_output_tokens"))
        {
            return;
        }

        if (!_own && limit < ResponsesWire.MinOutputTokens)
        {
            report.Change("max_output_tokens", $"{ResponsesWire.MinOutputTokens}, the least that OpenAI takes");
            limit = ResponsesWire.MinOutputTokens;
        }

        writer.WriteNumber("max_output_tokens"u8, limit);
    }

    private void WriteSampling(Utf8JsonWriter writer, ReasoningEffort? effort)
    {
        bool samples = _own || _model.Samples(effort);
        WriteSampling(writer, "temperature", request.Temperature, samples);
        WriteSampling(writer, "top_p", request.TopP, samples);
        if (request.TopLogProbs is not { } top || !Takes("top_logprobs"))
        {
            return;
        }

        if (samples)
        {
            writer.WriteNumber("top_logprobs"u8, top);
        }
        else if (top > 0)
        {
            report.Drop("top_logprobs", "this model does not take it while it reasons");
        }
    }

    private void WriteSampling(Utf8JsonWriter writer, string name, double? value, bool samples)
    {
        if (value is not { } number || !Takes(name))
        {
            return;
        }

        if (samples)
        {
            writer.WriteNumber(name, number);
        }
        else if (number != 1)
        {
            report.Drop(name, "this model does not take it while it reasons");
        }
    }

    /// <summary>Only a reasoning model takes the wish for encrypted reasoning; any other refuses the request.</summary>
    private void WriteInclude(Utf8JsonWriter writer, ReasoningEffort? effort)
    {
        if (_own || !Takes("include", silently: true))
        {
            return;
        }

        bool reasons = _model.Reasons ?? (effort is not (null or ReasoningEffort.None) || request.Reasoning is { Mode: ReasoningMode.Enabled or ReasoningMode.Adaptive });
        bool logProbs = request.LogProbs == true && _model.Samples(effort);
        if (request.LogProbs == true && !logProbs)
        {
            report.Drop("logprobs", "this model does not take it while it reasons");
        }

        if (!reasons && !logProbs)
        {
            return;
        }

        writer.WriteStartArray("include"u8);
        if (reasons)
        {
            writer.WriteStringValue(ResponsesWire.IncludeEncryptedReasoning);
        }

        if (logProbs)
        {
            writer.WriteStringValue(ResponsesWire.IncludeLogProbs);
        }

        writer.WriteEndArray();
    }

    private void WriteHousekeeping(Utf8JsonWriter writer)
    {
        if ((request.Store is not null || !_own) && Takes("store", silently: request.Store is null))
        {
            writer.WriteBoolean("store"u8, request.Store ?? false);
        }

        WriteString(writer, "service_tier", request.ServiceTier);
        WriteString(writer, "user", request.User);
        WriteString(writer, "safety_identifier", request.SafetyIdentifier);
        WriteString(writer, "prompt_cache_key", request.PromptCacheKey);
        WriteString(writer, "prompt_cache_retention", request.PromptCacheRetention);
        WriteMetadata(writer);
    }

    private void WriteMetadata(Utf8JsonWriter writer)
    {
        if (request.Metadata is not { } labels || (labels.Count == 0 && !_own) || !Takes("metadata"))
        {
            return;
        }

        writer.WriteStartObject("metadata"u8);
        int written = 0;
        foreach ((string name, string value) in labels)
        {
            if (!_own && (written == MaxLabels || name.Length > ResponsesWire.MaxId || value.Length > MaxLabel))
            {
                report.Drop("metadata." + name, $"OpenAI keeps {MaxLabels} labels, names up to {ResponsesWire.MaxId} and values up to {MaxLabel} characters long");
                continue;
            }

            writer.WriteString(name, value);
            written++;
        }

        writer.WriteEndObject();
    }

    private void ReportUnspeakable()
    {
        const string reason = "the Responses API has no such parameter";
        Report("top_k", request.TopK is not null);
        Report("stop", request.StopSequences.Count > 0);
        Report("seed", request.Seed is not null);
        Report("presence_penalty", request.PresencePenalty is not (null or 0));
        Report("frequency_penalty", request.FrequencyPenalty is not (null or 0));
        Report("n", request.CandidateCount > 1);
        Report("modalities", request.OutputModalities.Any(m => m != "text"));
        Report("audio", request.AudioOutput is not null);

        void Report(string name, bool asked)
        {
            if (asked)
            {
                report.Drop(name, reason);
            }
        }
    }

    private void WriteString(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null && Takes(name))
        {
            writer.WriteString(name, value);
        }
    }

    private bool Takes(string name, bool silently = false)
    {
        bool takes = !target.Quirks.RefusedFields.Contains(name);
        if (!takes && !silently)
        {
            report.Drop(name, "this provider refuses it");
        }

        return takes;
    }
}
