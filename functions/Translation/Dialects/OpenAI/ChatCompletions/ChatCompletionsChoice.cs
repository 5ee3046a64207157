using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// One choice of a provider's stream: makes parts of flat chunks. Of thinking, text and refusal one part is open at a time.
/// </summary>
/// <param name="index">The choice's number.</param>
/// <param name="parts">Numbers the parts of the stream.</param>
internal sealed class ChatCompletionsChoice(int index, PartCounter parts)
{
    private readonly ChatCompletionsCalls _calls = new(index, parts);
    private int _text = -1;
    private int _reasoning = -1;
    private int _refusal = -1;
    private int _audio = -1;
    private bool _refused;

    /// <summary>The choice's number.</summary>
    public int Index => index;

    /// <summary>The finish reason, once it is known.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>Takes what a chunk says of this choice.</summary>
    public void Add(ChatCompletionsChunk chunk, string? answerId, IList<ChatEvent> events)
    {
        if (!string.IsNullOrEmpty(chunk.Reasoning))
        {
            AddReasoning(chunk.Reasoning, isSummary: false, events);
        }

        if (chunk.ReasoningDetails is { ValueKind: JsonValueKind.Array } details)
        {
            AddDetails(details, chunk.DetailsAreBlocks, textKnown: !string.IsNullOrEmpty(chunk.Reasoning), events);
        }

        if (!string.IsNullOrEmpty(chunk.Text))
        {
            AddText(chunk.Text, events);
        }

        if (chunk.Parts is { } content)
        {
            AddParts(content, events);
        }

        if (!string.IsNullOrEmpty(chunk.Refusal))
        {
            AddRefusal(chunk.Refusal, events);
        }

        AddRare(chunk, events);
        for (int i = 0; i < chunk.Calls.Count; i++)
        {
            if (chunk.Calls[i] is { IsBlank: false } call)
            {
                CloseFlow(events);
                _calls.Add(call, answerId, events);
            }
        }

        if (!string.IsNullOrEmpty(chunk.FinishReason))
        {
            FinishReason = chunk.FinishReason;
        }
    }

    /// <summary>Ends the choice.</summary>
    public void End(string? answerId, IList<ChatEvent> events)
    {
        CloseFlow(events);
        Close(ref _audio, events);
        _calls.CloseAll(answerId, events);
        FinishReason reason = FinishReason is null ? Canonical.FinishReason.Stop : ChatCompletionsWire.FinishReasonOf(FinishReason);
        events.Add(new ChoiceEnded(index, ChatCompletionsWire.Normalize(reason, _calls.Any, _refused)));
    }

    private void AddText(string text, IList<ChatEvent> events)
    {
        OpenText(events);
        events.Add(new PartDelta(_text, DeltaKind.Text, text));
    }

    private void OpenText(IList<ChatEvent> events)
    {
        if (_text < 0)
        {
            CloseFlow(events);
            _calls.CloseComplete(events);
            _text = parts.Next();
            events.Add(new PartStarted(index, _text, new TextPart("")));
        }
    }

    private void AddReasoning(string text, bool isSummary, IList<ChatEvent> events)
    {
        if (_reasoning < 0)
        {
            CloseFlow(events);
            _calls.CloseComplete(events);
            _reasoning = parts.Next();
            events.Add(new PartStarted(index, _reasoning, new ReasoningPart("") { IsSummary = isSummary }));
        }

        if (text.Length > 0)
        {
            events.Add(new PartDelta(_reasoning, DeltaKind.Reasoning, text));
        }
    }

    private void AddRefusal(string text, IList<ChatEvent> events)
    {
        if (_refusal < 0)
        {
            CloseFlow(events);
            _refused = true;
            _refusal = parts.Next();
            events.Add(new PartStarted(index, _refusal, new RefusalPart("")));
        }

        events.Add(new PartDelta(_refusal, DeltaKind.Refusal, text));
    }

    private void AddDetails(JsonElement details, bool blocks, bool textKnown, IList<ChatEvent> events)
    {
        var read = new List<ContentPart>(1);
        foreach (JsonElement detail in details.EnumerateArray())
        {
            if (blocks)
            {
                read.Clear();
                ChatCompletionsReasoning.ReadPart(detail, fromClient: false, read);
                AddSealed(read, textKnown, events);
                continue;
            }

            (string? text, string? seal, bool isSummary, bool isEncrypted) = ChatCompletionsReasoning.ReadDetail(detail);
            if (!textKnown && !string.IsNullOrEmpty(text))
            {
                AddReasoning(text, isSummary, events);
            }

            if (!string.IsNullOrEmpty(seal))
            {
                Seal(new Signature(seal, ChatCompletionsWire.Id), isEncrypted, events);
            }
        }
    }

    private void AddSealed(List<ContentPart> read, bool textKnown, IList<ChatEvent> events)
    {
        foreach (ReasoningPart part in read.OfType<ReasoningPart>())
        {
            if (!textKnown && part.Text.Length > 0)
            {
                AddReasoning(part.Text, part.IsSummary, events);
            }

            if (part.Signature is { } signature)
            {
                Seal(signature, part.Redacted, events);
            }
        }
    }

    // A seal ends the thinking that it stands for. What was encrypted has no text of its own, unless a summary stands open.
    private void Seal(Signature signature, bool isEncrypted, IList<ChatEvent> events)
    {
        if (_reasoning >= 0)
        {
            events.Add(new SignatureSet(_reasoning, signature));
            Close(ref _reasoning, events);
        }
        else if (isEncrypted)
        {
            AddWhole(new ReasoningPart("") { Redacted = true }, events, signature);
        }
    }

    private void AddParts(JsonElement content, IList<ChatEvent> events)
    {
        var read = new List<ContentPart>();
        ChatCompletionsContent.Read(content, "choices.delta.content", fromClient: false, read);
        foreach (ContentPart part in read)
        {
            switch (part)
            {
                case TextPart { Text.Length: > 0 } text:
                    AddText(text.Text, events);
                    break;
                case ReasoningPart reasoning:
                    AddSealed([reasoning], textKnown: false, events);
                    break;
                case RefusalPart { Text.Length: > 0 } refusal:
                    AddRefusal(refusal.Text, events);
                    break;
                case MediaPart or OpaquePart:
                    AddWhole(part, events);
                    break;
            }
        }
    }

    private void AddRare(ChatCompletionsChunk chunk, IList<ChatEvent> events)
    {
        if (chunk.LogProbs is { ValueKind: JsonValueKind.Object } logProbs && _text >= 0
            && logProbs.TryGetProperty("content", out JsonElement tokens) && OpenAILogProbs.Read(tokens) is { Count: > 0 } list)
        {
            events.Add(new LogProbsAdded(_text, list));
        }

        if (chunk.Annotations is { ValueKind: JsonValueKind.Array } annotations)
        {
            foreach (JsonElement annotation in annotations.EnumerateArray())
            {
                if (ChatCompletionsAssistant.ReadAnnotation(annotation) is { } citation)
                {
                    OpenText(events);
                    events.Add(new CitationAdded(_text, citation));
                }
            }
        }

        if (chunk.Signature is { } signature && _text >= 0)
        {
            events.Add(new SignatureSet(_text, signature));
        }

        if (chunk.Images is { } images)
        {
            AddParts(images, events);
        }

        if (chunk.Audio is { ValueKind: JsonValueKind.Object } audio)
        {
            AddAudio(audio, events);
        }
    }

    private void AddAudio(JsonElement audio, IList<ChatEvent> events)
    {
        if (_audio < 0)
        {
            CloseFlow(events);
            _audio = parts.Next();
            // A stream's sound is always pcm16.
            events.Add(new PartStarted(index, _audio, new MediaPart(MediaKind.Audio, new Base64Source("audio/pcm", default))));
        }

        if (audio.TryGetProperty("transcript", out JsonElement transcript) && Json.Text(transcript) is { Length: > 0 } words)
        {
            events.Add(new PartDelta(_audio, DeltaKind.Transcript, words));
        }

        if (audio.TryGetProperty("data", out JsonElement data) && Json.Text(data) is { Length: > 0 } sound)
        {
            events.Add(new PartDelta(_audio, DeltaKind.Media, sound));
        }
    }

    private void AddWhole(ContentPart part, IList<ChatEvent> events, Signature? signature = null)
    {
        CloseFlow(events);
        int number = parts.Next();
        events.Add(new PartStarted(index, number, part));
        if (signature is not null)
        {
            events.Add(new SignatureSet(number, signature));
        }

        events.Add(new PartCompleted(number));
    }

    private void CloseFlow(IList<ChatEvent> events)
    {
        Close(ref _reasoning, events);
        Close(ref _text, events);
        Close(ref _refusal, events);
    }

    private static void Close(ref int part, IList<ChatEvent> events)
    {
        if (part >= 0)
        {
            events.Add(new PartCompleted(part));
            part = -1;
        }
    }
}
