using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects;

/// <summary>
/// What became of the parts of a request that its target cannot say. Nothing is dropped in silence: the report goes to the
/// <c>x-gateway-dropped</c> header and the usage record, or turns into a 400 where the endpoint says so.
/// </summary>
public sealed class TranslationReport
{
    private readonly FieldNames _names;
    private readonly JsonElement _request;
    private readonly Dictionary<string, IReadOnlyList<string>> _told = [];
    private readonly Dictionary<string, string> _tools = [];
    private readonly List<ReportEntry> _entries = [];
    private readonly HashSet<ReportEntry> _known = [];

    /// <summary>A report that calls fields as adapters and encoders do.</summary>
    public TranslationReport()
        : this(FieldNames.None, default)
    {
    }

    /// <summary>A report that calls fields as the client does.</summary>
    /// <param name="names">The names of the client's dialect.</param>
    /// <param name="request">The client's request, which is read as long as entries are added.</param>
    public TranslationReport(FieldNames names, JsonElement request)
    {
        _names = names;
        _request = request;
    }

    /// <summary>All entries in order; each field once.</summary>
    public IReadOnlyList<ReportEntry> Entries => _entries;

    /// <summary>Tells that a field was left out.</summary>
    /// <param name="field">Its path in the client's request, or what <see cref="FieldNames"/> knows it by.</param>
    /// <param name="reason">Why, in a few words.</param>
    public void Drop(string field, string reason) => Add(field, reason, dropped: true);

    /// <summary>Tells that a field was kept in another form whose meaning is close but not the same.</summary>
    /// <param name="field">Its path in the client's request, or what <see cref="FieldNames"/> knows it by.</param>
    /// <param name="how">What was made of it, in a few words.</param>
    public void Change(string field, string how) => Add(field, how, dropped: false);

    /// <summary>Refuses the request when something was dropped and the endpoint does not allow that.</summary>
    /// <exception cref="GatewayException">Status 400; names the first field and mentions the others.</exception>
    public void ThrowIfDropped()
    {
        ReportEntry? first = _entries.FirstOrDefault(e => e.Dropped);
        if (first is null)
        {
            return;
        }

        string others = string.Join(", ", _entries.Where(e => e.Dropped && e != first).Select(e => $"'{e.Field}'"));
        throw new GatewayException(GatewayError.Unsupported(first.Field, first.Reason + (others.Length == 0 ? "" : $" (also: {others})")));
    }

    /// <summary>Tells that a tool of the client's is called otherwise from now on; the report goes on to call it as the client does.</summary>
    internal void RenameTool(string name, string original) => _tools[$"tools[{name}]"] = $"tools[{original}]";

    private void Add(string field, string reason, bool dropped)
    {
        if (!_told.TryGetValue(field, out IReadOnlyList<string>? names))
        {
            string known = field;
            if (field.StartsWith("tools[", StringComparison.Ordinal) && _tools.TryGetValue(field[..(field.IndexOf(']') + 1)], out string? original))
            {
                known = original + field[(field.IndexOf(']') + 1)..];
            }

            names = _request.ValueKind == JsonValueKind.Undefined ? [known] : _names.Of(known, _request);
            _told.Add(field, names);
        }

        foreach (string name in names)
        {
            var entry = new ReportEntry(name, reason, dropped);
            if (_known.Add(entry))
            {
                _entries.Add(entry);
            }
        }
    }
}

/// <summary>One line of a <see cref="TranslationReport"/>.</summary>
public sealed record ReportEntry(string Field, string Reason, bool Dropped);
