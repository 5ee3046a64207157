using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// A provider's stream on its way to the client, pulled: nothing is read before the client has taken what was read before.
/// <code>
/// bytes ─▶ SseParser ─▶ decoder ─▶ ChatEvent* ─▶ meter
///                 └──────────────────────┴─────▶ renderer ─▶ client      one write for what one read has brought
/// </code>
/// Frames before the first content are held back (<see cref="ClientStream"/>). After it, whatever goes wrong becomes one error frame and the
/// end, never a clean one.
/// </summary>
internal sealed partial class StreamPipeline : IDisposable
{
    private const int ReadSize = 16 * 1024;

    /// <summary>Frames that are held back before the first content are sent all the same when they grow over this.</summary>
    private const int MostHeld = 4 * 1024 * 1024;

    /// <summary>How long a provider may keep the connection open after it has announced the end.</summary>
    private static readonly TimeSpan EndGrace = TimeSpan.FromSeconds(1);

    private readonly Exchange _exchange;
    private readonly UpstreamAnswer _answer;
    private readonly IChatStreamDecoder _decoder;
    private readonly IFrameRenderer _renderer;
    private readonly ClientStream _client;
    private readonly bool _tap;
    private readonly ILogger _logger;
    private readonly SseParser _parser = new();
    private readonly List<ChatEvent> _events = [];
    private bool _deaf;
    private bool _content;
    private bool _finished;
    private GatewayError? _failure;
    private UpstreamFailure? _broken;

    /// <param name="exchange">Whose client it goes to; its stream is open.</param>
    /// <param name="answer">The provider's answer.</param>
    /// <param name="decoder">Reads the provider's dialect.</param>
    /// <param name="renderer">Writes the client's.</param>
    /// <param name="tap">True when the decoder only listens, so that a fault of its own must not break the stream.</param>
    /// <param name="logger">Takes note of such a fault.</param>
    public StreamPipeline(Exchange exchange, UpstreamAnswer answer, IChatStreamDecoder decoder, IFrameRenderer renderer, bool tap, ILogger logger)
    {
        _exchange = exchange;
        _answer = answer;
        _decoder = decoder;
        _renderer = renderer;
        _client = exchange.Stream ?? throw new InvalidOperationException("The client's stream is not open.");
        _tap = tap;
        _logger = logger;
    }

    /// <summary>Carries the stream to its end.</summary>
    /// <exception cref="UpstreamFailure">It has failed before the first content; nothing of it was sent.</exception>
    public async Task RunAsync()
    {
        try
        {
            await PumpAsync();
        }
        catch (UpstreamFailure failure) when (_finished || _client.HasBegun)
        {
            // After the announced end a connection may break as it likes.
            _failure ??= _finished ? null : failure.Error;
            _broken = failure;
        }

        if (_failure is not null && !_client.HasBegun)
        {
            throw new UpstreamFailure(Fallback.ForCaller(_failure), (int)_answer.Status);
        }

        string? reason = _failure is null ? null : RecordText.CodeOf(_failure);
        if (_failure is not null)
        {
            AttemptLog.BrokeOff(_logger, _exchange.RequestId, _exchange.Meter.Destination, reason!, _broken);
            _renderer.Fail(_failure, _client.Output);
        }
        else
        {
            _renderer.End(_client.Output);
        }

        await _client.FlushAsync();
        _exchange.Meter.EndAttempt((int)_answer.Status, reason);
        _exchange.Meter.End(_failure is null ? RequestOutcome.Success : RequestOutcome.Truncated, _exchange.Http.Response.StatusCode, reason);
    }

    public void Dispose()
    {
        _renderer.Dispose();
        _parser.Dispose();
    }

    private async Task PumpAsync()
    {
        int read;
        do
        {
            read = await _answer.ReadAsync(_parser.GetMemory(ReadSize));
            _parser.Advance(read);
            try
            {
                Drain(atEnd: read == 0);
            }
            catch (InvalidDataException e)
            {
                throw new UpstreamFailure(GatewayError.Upstream("An event of the provider's stream is too long.", "stream_event_too_long"), (int)_answer.Status, e);
            }

            if (_failure is not null)
            {
                return;
            }

            if (_content || _client.HasBegun || _client.Pending > MostHeld)
            {
                await _client.FlushAsync();
            }
            else if (read > 0)
            {
                // It has said that it works on an answer, and may think as long about it as without a stream.
                _exchange.Watch.ExpectProvider(_exchange.Limits.FirstByte);
                _client.ProviderHeard();
            }

            if (_finished)
            {
                _exchange.Watch.ExpectProvider(EndGrace);
            }
        }
        while (read > 0);
    }

    private void Drain(bool atEnd)
    {
        SseFrame frame;
        while (_failure is null && _parser.TryRead(out frame))
        {
            Take(frame);
        }

        if (!atEnd || _failure is not null)
        {
            return;
        }

        // A last frame without its blank line may be half of one: it is handed on only when the stream is judged complete.
        bool any = _parser.TryReadLast(out frame);
        _events.Clear();
        if (!_deaf)
        {
            try
            {
                if (any)
                {
                    _decoder.Decode(frame, _events);
                }

                _decoder.Complete(_events);
            }
            catch (Exception e) when (_tap)
            {
                StopListening(e);
            }
        }

        Observe();
        if (_failure is null)
        {
            _renderer.Render(frame, _events, usageOnly: false, _client.Output);
        }
    }

    private void Take(in SseFrame frame)
    {
        _events.Clear();
        if (!_deaf)
        {
            try
            {
                _decoder.Decode(frame, _events);
            }
            catch (Exception e) when (_tap)
            {
                StopListening(e);
            }
        }

        if (_deaf)
        {
            _exchange.Meter.ObserveUnread(frame.Data.Length);
        }

        Observe();
        _renderer.Render(frame, _events, !_deaf && _decoder.LastFrameIsUsageOnly, _client.Output);
    }

    private void StopListening(Exception e)
    {
        // The client's stream goes on without the meter.
        Log.Deaf(_logger, e, _exchange.RequestId);
        _deaf = true;
        _content = true;
        _events.Clear();
    }

    private void Observe()
    {
        if (_events.Count > 0)
        {
            _exchange.Meter.Call?.Chunk();
        }

        foreach (ChatEvent chatEvent in _events)
        {
            _exchange.Meter.Observe(chatEvent);
            _content |= AnswerContent.Begins(chatEvent);
            switch (chatEvent)
            {
                case Finished:
                    _finished = true;
                    break;
                case Failed failed:
                    _failure ??= failed.Error;
                    break;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Error, "The stream of request {RequestId} could not be read for its usage; it is handed on unread.")]
        public static partial void Deaf(ILogger logger, Exception exception, string requestId);
    }
}
