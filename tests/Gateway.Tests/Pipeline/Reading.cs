using System.Text;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Reads an answer bit by bit, as it comes.</summary>
internal sealed class Reading(Stream stream)
{
    private readonly StringBuilder _text = new();
    private readonly byte[] _buffer = new byte[4096];

    public string Text => _text.ToString();

    /// <summary>Reads until there is something.</summary>
    public async Task UntilAsync(string text, int from = 0)
    {
        while (!Text[from..].Contains(text, StringComparison.Ordinal))
        {
            Assert.True(await ReadAsync(), $"The stream ended before '{text}': {Text}");
        }
    }

    /// <summary>Reads what is left.</summary>
    public async Task<string> ToEndAsync()
    {
        while (await ReadAsync())
        {
        }

        return Text;
    }

    private async Task<bool> ReadAsync()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        int read = await stream.ReadAsync(_buffer, stop).AsTask().WaitAsync(TimeSpan.FromSeconds(5), stop);
        _text.Append(Encoding.UTF8.GetString(_buffer, 0, read));
        return read > 0;
    }
}
