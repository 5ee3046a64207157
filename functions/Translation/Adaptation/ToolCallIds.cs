using System.Security.Cryptography;
using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Links every tool result to its call, and gives each call an id that the target takes and that no other call has. A legal id stays;
/// any other, and one that was used before, becomes <c>call_</c> and a hash of the client's id and of how often it was used before. That
/// needs no memory between requests: the same history gives the same ids. Results take name and kind from their call.
/// </summary>
/// <remarks>
/// A result answers the last turn in which its id is open, and there the first call: servers that count their calls anew in each turn
/// (<c>call_0</c>, <c>call_1</c>) or give no id at all are read as they meant it.
/// </remarks>
internal sealed class ToolCallIds
{
    private const string Prefix = "call_";
    private const int HashLength = 24;

    private readonly DialectTraits _traits;
    private readonly int? _exactLength;
    private readonly Dictionary<string, Uses> _uses = [];

    private ToolCallIds(DialectTraits traits, int? exactLength)
    {
        _traits = traits;
        _exactLength = exactLength;
    }

    /// <summary>The turns with linked ids.</summary>
    /// <param name="exactLength">The only length that the provider takes, of letters and digits; null for the dialect's own rule.</param>
    public static IReadOnlyList<Message> Link(IReadOnlyList<Message> messages, DialectTraits traits, int? exactLength)
    {
        var ids = new ToolCallIds(traits, exactLength);
        return messages.Rewrite((message, turn) =>
        {
            IReadOnlyList<ContentPart> parts = message.Parts.Rewrite((part, _) => part switch
            {
                ToolCallPart call => ids.Call(call, turn),
                ToolResultPart result => ids.Result(result),
                _ => part,
            });
            return parts == message.Parts ? message : message with { Parts = parts };
        });
    }

    private ToolCallPart Call(ToolCallPart call, int turn)
    {
        if (!_uses.TryGetValue(call.Id, out Uses? uses))
        {
            _uses[call.Id] = uses = new Uses();
        }

        string id = IdOf(call.Id, uses.Count++);
        ToolCallPart linked = id == call.Id ? call : call with { Id = id };
        if (uses.Open.Count == 0 || uses.Open.Peek().Turn != turn)
        {
            uses.Open.Push((turn, new Queue<ToolCallPart>()));
        }

        uses.Open.Peek().Calls.Enqueue(linked);
        uses.Last = linked;
        return linked;
    }

    private ToolResultPart Result(ToolResultPart result)
    {
        if (!_uses.TryGetValue(result.CallId, out Uses? uses))
        {
            string id = IdOf(result.CallId, 0);
            return id == result.CallId ? result : result with { CallId = id };
        }

        ToolCallPart call = uses.Last!;
        if (uses.Open.TryPeek(out (int Turn, Queue<ToolCallPart> Calls) open))
        {
            uses.Last = call = open.Calls.Dequeue();
            if (open.Calls.Count == 0)
            {
                uses.Open.Pop();
            }
        }

        return result.CallId == call.Id && result.Name == call.Name && result.Kind == call.Kind
            ? result
            : result with { CallId = call.Id, Name = call.Name, Kind = call.Kind };
    }

    private string IdOf(string id, int usedBefore)
    {
        if (usedBefore == 0 && IsLegal(id))
        {
            return id;
        }

        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{id}\n{usedBefore}"));
        if (_exactLength is { } length)
        {
            return Letters(hash, length);
        }

        int room = _traits.MaxToolCallId ?? int.MaxValue;
        return room < Prefix.Length + HashLength ? Letters(hash, Math.Min(HashLength, room)) : Prefix + Letters(hash, HashLength);
    }

    private bool IsLegal(string id)
    {
        if (id.Length == 0 || id.Length > (_exactLength ?? _traits.MaxToolCallId ?? int.MaxValue) || (_exactLength is { } length && id.Length != length))
        {
            return false;
        }

        foreach (char c in id)
        {
            bool plain = char.IsAsciiLetterOrDigit(c) || (c is '_' or '-' && _exactLength is null);
            if (!plain && (_traits.PlainToolCallId || _exactLength is not null))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first letters and digits of a hash in base 32; at most 51.</summary>
    private static string Letters(ReadOnlySpan<byte> hash, int length)
    {
        Span<char> letters = stackalloc char[Math.Min(length, 51)];
        for (int i = 0; i < letters.Length; i++)
        {
            int bit = i * 5;
            int pair = (hash[bit / 8] << 8) | (bit / 8 + 1 < hash.Length ? hash[(bit / 8) + 1] : 0);
            letters[i] = "abcdefghijklmnopqrstuvwxyz234567"[(pair >> (11 - (bit % 8))) & 31];
        }

        return new string(letters);
    }

    /// <summary>The calls that were made under one of the client's ids.</summary>
    private sealed class Uses
    {
        public int Count { get; set; }

        /// <summary>Calls without a result yet, by turn.</summary>
        public Stack<(int Turn, Queue<ToolCallPart> Calls)> Open { get; } = new();

        /// <summary>The call that was made or answered last.</summary>
        public ToolCallPart? Last { get; set; }
    }
}
