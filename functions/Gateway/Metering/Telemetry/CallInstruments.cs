using System.Diagnostics;
using System.Diagnostics.Metrics;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>
/// The instruments of calls to providers, by one of two versions of the conventions. Most backends know the names of 1.41, the last that stood beside all other conventions; those
/// that have a repository of their own since are asked for with <c>OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental</c> and come in their place.
/// </summary>
internal abstract class CallInstruments
{
    /// <summary>Buckets of times in seconds, from ten milliseconds to a minute and a half.</summary>
    public static readonly InstrumentAdvice<double> Seconds =
        new() { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] };

    private static readonly InstrumentAdvice<long> Tokens =
        new() { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] };

    private readonly Meter _meter;

    private CallInstruments(Meter meter, string streams)
    {
        _meter = meter;
        FirstChunk = Times($"gen_ai.client.{streams}.time_to_first_chunk", "Time from the request to the first chunk of a stream.");
        PerChunk = Times($"gen_ai.client.{streams}.time_per_output_chunk", "Time between one chunk of a stream and the next.");
    }

    /// <summary>True when somebody listens.</summary>
    public virtual bool Enabled => FirstChunk.Enabled || PerChunk.Enabled;

    /// <summary>Time to the first chunk of a stream.</summary>
    public Histogram<double> FirstChunk { get; }

    /// <summary>Time from one chunk to the next.</summary>
    public Histogram<double> PerChunk { get; }

    /// <summary>The attribute of a span that holds how many tokens were written to a cache.</summary>
    public abstract string CacheWrite { get; }

    /// <summary>The instruments of a version.</summary>
    public static CallInstruments Of(Meter meter, bool latest) => latest ? new Latest(meter) : new Version141(meter);

    /// <summary>A call has ended.</summary>
    /// <param name="operation">What was asked for, as the attribute says.</param>
    /// <param name="duration">How long it took.</param>
    /// <param name="tags">Its attributes.</param>
    public abstract void Record(string operation, TimeSpan duration, in TagList tags);

    /// <summary>A call's tokens have been told.</summary>
    /// <param name="operation">What was asked for.</param>
    /// <param name="usage">The tokens.</param>
    /// <param name="tags">Its attributes.</param>
    public abstract void Count(string operation, TokenUsage usage, in TagList tags);

    private Histogram<double> Times(string name, string description) => _meter.CreateHistogram(name, "s", description, tags: null, Seconds);

    private Histogram<long> Sizes(string name, string description) => _meter.CreateHistogram(name, "{token}", description, tags: null, Tokens);

    /// <summary>https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-metrics.md.</summary>
    private sealed class Version141 : CallInstruments
    {
        private readonly Histogram<double> _duration;
        private readonly Histogram<long> _tokens;

        public Version141(Meter meter)
            : base(meter, "operation")
        {
            _duration = Times("gen_ai.client.operation.duration", "GenAI operation duration.");
            _tokens = Sizes("gen_ai.client.token.usage", "Number of input and output tokens used.");
        }

        public override bool Enabled => base.Enabled || _duration.Enabled || _tokens.Enabled;

        public override string CacheWrite => "gen_ai.usage.cache_creation.input_tokens";

        public override void Record(string operation, TimeSpan duration, in TagList tags) => _duration.Record(duration.TotalSeconds, tags);

        public override void Count(string operation, TokenUsage usage, in TagList tags)
        {
            Count(usage.InputTokens, "input", tags);
            Count(usage.OutputTokens, "output", tags);
        }

        private void Count(long? tokens, string type, TagList tags)
        {
            if (tokens is { } count)
            {
                tags.Add(TelemetryNames.TokenType, type);
                _tokens.Record(count, tags);
            }
        }
    }

    /// <summary>https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/non-normative/migration.md, as of 0.1.0.</summary>
    private sealed class Latest : CallInstruments
    {
        private const string Usage = "gen_ai.client.inference.usage.";

        private readonly Histogram<double> _inference;
        private readonly Histogram<double> _embeddings;
        private readonly Histogram<double> _other;
        private readonly Counter<long> _input;
        private readonly Counter<long> _output;
        private readonly Counter<long> _cacheRead;
        private readonly Counter<long> _cacheWrite;
        private readonly Counter<long> _reasoning;
        private readonly Histogram<long> _inputSize;
        private readonly Histogram<long> _outputSize;
        private readonly Histogram<long> _embeddedSize;

        public Latest(Meter meter)
            : base(meter, "inference")
        {
            _inference = Times("gen_ai.client.inference.duration", "Duration of a request to a model.");
            _embeddings = Times("gen_ai.client.embeddings.duration", "Duration of a request for embeddings.");
            _other = Times("gen_ai.client.operation.duration", "Duration of any other GenAI operation.");
            _input = meter.CreateCounter<long>(Usage + "input_tokens", "{token}", "Tokens of prompts, those of caches included.");
            _output = meter.CreateCounter<long>(Usage + "output_tokens", "{token}", "Tokens written, reasoning included.");
            _cacheRead = meter.CreateCounter<long>(Usage + "cache_read.input_tokens", "{token}", "Tokens of prompts that were read from a cache.");
            _cacheWrite = meter.CreateCounter<long>(Usage + "cache_write.input_tokens", "{token}", "Tokens of prompts that were written to a cache.");
            _reasoning = meter.CreateCounter<long>(Usage + "reasoning.output_tokens", "{token}", "Tokens of reasoning.");
            _inputSize = Sizes("gen_ai.client.inference.operation.input_tokens", "Tokens of a request's prompt.");
            _outputSize = Sizes("gen_ai.client.inference.operation.output_tokens", "Tokens of a request's answer.");
            _embeddedSize = Sizes("gen_ai.client.embeddings.operation.input_tokens", "Tokens of a request for embeddings.");
        }

        public override bool Enabled =>
            base.Enabled || _inference.Enabled || _embeddings.Enabled || _other.Enabled || _input.Enabled || _output.Enabled || _cacheRead.Enabled || _cacheWrite.Enabled || _reasoning.Enabled
            || _inputSize.Enabled || _outputSize.Enabled || _embeddedSize.Enabled;

        public override string CacheWrite => "gen_ai.usage.cache_write.input_tokens";

        public override void Record(string operation, TimeSpan duration, in TagList tags) =>
            (operation switch { TelemetryNames.Chat => _inference, TelemetryNames.Embeddings => _embeddings, _ => _other }).Record(duration.TotalSeconds, tags);

        public override void Count(string operation, TokenUsage usage, in TagList tags)
        {
            if (operation == TelemetryNames.Embeddings)
            {
                Size(_embeddedSize, usage.InputTokens, tags);
            }
            else if (operation == TelemetryNames.Chat)
            {
                Size(_inputSize, usage.InputTokens, tags);
                Size(_outputSize, usage.OutputTokens, tags);
                Add(_input, usage.InputTokens, usage.AudioInputTokens, tags);
                Add(_output, usage.OutputTokens, usage.AudioOutputTokens, tags);
                Add(_cacheRead, usage.CacheReadTokens, null, tags);
                Add(_cacheWrite, usage.CacheWriteTokens, null, tags);
                Add(_reasoning, usage.ReasoningTokens, null, tags);
            }
        }

        private static void Size(Histogram<long> histogram, long? tokens, in TagList tags)
        {
            if (tokens is { } count)
            {
                histogram.Record(count, tags);
            }
        }

        /// <summary>Sound is told apart; whether the rest was text or images no provider says reliably.</summary>
        private static void Add(Counter<long> counter, long? tokens, long? sound, in TagList tags)
        {
            Add(counter, (tokens ?? 0) - (sound ?? 0), "unknown", tags);
            Add(counter, sound ?? 0, "audio", tags);
        }

        private static void Add(Counter<long> counter, long tokens, string modality, TagList tags)
        {
            if (tokens > 0)
            {
                tags.Add("gen_ai.token.modality", modality);
                counter.Add(tokens, tags);
            }
        }
    }
}
