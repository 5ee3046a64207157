using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Undoes in an answer what <see cref="RequestAdapter"/> did to its request: the client gets its own tool names, namespaces and
/// custom tools back. Also joins surrogate pairs that a provider cut in two, and says that the model waits for tools when it called one,
/// and only then. One per answer; keeps state over a stream. An event in which nothing changes is passed on as it is.
/// </summary>
/// <remarks>
/// Ids of calls go to the client as the provider gave them. When they come back, <see cref="ToolCallIds"/> leaves them or maps them the
/// same way each time, so nothing has to be remembered.
/// </remarks>
public sealed class AnswerAdapter(ToolNames names)
{
    private readonly SurrogateJoiner _surrogates = new();
    private Dictionary<int, CustomInputReader>? _customInputs;
    private HashSet<int>? _choicesWithCalls;

    /// <summary>A whole answer for the client.</summary>
    public ChatResponse Adapt(ChatResponse response)
    {
        IReadOnlyList<Choice> choices = response.Choices.Rewrite((choice, _) =>
        {
            IReadOnlyList<ContentPart> parts = choice.Parts.Rewrite((part, _) => Mended(Unwrapped(Renamed(part), part)));
            FinishReason reason = ReasonOf(choice.FinishReason, parts.Any(part => part is ToolCallPart));
            return parts == choice.Parts && reason == choice.FinishReason ? choice : choice with { Parts = parts, FinishReason = reason };
        });
        return choices == response.Choices ? response : response with { Choices = choices };
    }

    /// <summary>Adds what an event of the provider's stream becomes for the client.</summary>
    public void Adapt(ChatEvent chatEvent, IList<ChatEvent> output)
    {
        switch (chatEvent)
        {
            case PartStarted started:
                output.Add(Start(started));
                break;
            case PartDelta delta:
                string text = delta.Text;
                if (delta.Kind == DeltaKind.ToolArguments && _customInputs?.TryGetValue(delta.Index, out CustomInputReader? input) == true)
                {
                    text = input.Read(text);
                }

                AddText(delta, text, output);
                break;
            case PartCompleted completed:
                Complete(completed, output);
                break;
            case ChoiceEnded ended when ReasonOf(ended.Reason, _choicesWithCalls?.Contains(ended.Choice) == true) is var reason && reason != ended.Reason:
                output.Add(new ChoiceEnded(ended.Choice, reason, ended.StopSequence));
                break;
            default:
                output.Add(chatEvent);
                break;
        }
    }

    private PartStarted Start(PartStarted started)
    {
        ContentPart seed = Renamed(started.Seed);
        if (seed is ToolCallPart call)
        {
            (_choicesWithCalls ??= []).Add(started.Choice);
            if (call.Kind == ToolKind.Custom && started.Seed is ToolCallPart { Kind: ToolKind.Function })
            {
                var input = new CustomInputReader();
                (_customInputs ??= [])[started.Index] = input;
                seed = call with { Arguments = input.Read(call.Arguments) };
            }
        }

        seed = seed switch
        {
            TextPart text => WithText(text, text.Text, _surrogates.Next(started.Index, DeltaKind.Text, text.Text)),
            ReasoningPart reasoning => WithText(reasoning, reasoning.Text, _surrogates.Next(started.Index, DeltaKind.Reasoning, reasoning.Text)),
            RefusalPart refusal => WithText(refusal, refusal.Text, _surrogates.Next(started.Index, DeltaKind.Refusal, refusal.Text)),
            ToolCallPart tool => WithText(tool, tool.Arguments, _surrogates.Next(started.Index, DeltaKind.ToolArguments, tool.Arguments)),
            _ => seed,
        };
        return ReferenceEquals(seed, started.Seed) ? started : new PartStarted(started.Choice, started.Index, seed);
    }

    private void AddText(PartDelta delta, string text, IList<ChatEvent> output)
    {
        string whole = _surrogates.Next(delta.Index, delta.Kind, text);
        if (ReferenceEquals(whole, delta.Text))
        {
            output.Add(delta);
        }
        else if (whole.Length > 0)
        {
            output.Add(new PartDelta(delta.Index, delta.Kind, whole));
        }
    }

    private void Complete(PartCompleted completed, IList<ChatEvent> output)
    {
        if (_customInputs is not null && _customInputs.Remove(completed.Index, out CustomInputReader? input))
        {
            string rest = _surrogates.Next(completed.Index, DeltaKind.ToolArguments, input.Complete());
            if (rest.Length > 0)
            {
                output.Add(new PartDelta(completed.Index, DeltaKind.ToolArguments, rest));
            }
        }

        if (_surrogates.TryEnd(completed.Index, out DeltaKind kind, out string half))
        {
            output.Add(new PartDelta(completed.Index, kind, half));
        }

        output.Add(completed);
    }

    /// <summary>The part with the client's name of its tool.</summary>
    private ContentPart Renamed(ContentPart part) =>
        part is ToolCallPart call && names.TryFind(new TargetTool(call.Namespace, call.Name), out ClientTool tool)
            ? call with { Name = tool.Name, Namespace = tool.Namespace, Kind = tool.Kind }
            : part;

    private static ContentPart Unwrapped(ContentPart part, ContentPart before) =>
        part is ToolCallPart { Kind: ToolKind.Custom } call && before is ToolCallPart { Kind: ToolKind.Function }
            ? call with { Arguments = CustomToolWrapping.Unwrap(call.Arguments) }
            : part;

    private static ContentPart Mended(ContentPart part) => part switch
    {
        TextPart text => WithText(text, text.Text, SurrogateJoiner.Whole(text.Text)),
        ReasoningPart reasoning => WithText(reasoning, reasoning.Text, SurrogateJoiner.Whole(reasoning.Text)),
        RefusalPart refusal => WithText(refusal, refusal.Text, SurrogateJoiner.Whole(refusal.Text)),
        ToolCallPart call => WithText(call, call.Arguments, SurrogateJoiner.Whole(call.Arguments)),
        _ => part,
    };

    private static ContentPart WithText(ContentPart part, string before, string after) => ReferenceEquals(before, after) ? part : part switch
    {
        TextPart text => text with { Text = after },
        ReasoningPart reasoning => reasoning with { Text = after },
        RefusalPart refusal => refusal with { Text = after },
        ToolCallPart call => call with { Arguments = after },
        _ => part,
    };

    private static FinishReason ReasonOf(FinishReason reason, bool called) => reason switch
    {
        FinishReason.Stop when called => FinishReason.ToolCalls,

        // A client that waits for a call which never came would wait for ever.
        FinishReason.ToolCalls when !called => FinishReason.Stop,
        _ => reason,
    };
}
