using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Tests.Reports;

public sealed class HistogramTests
{
    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 0.9)]
    [InlineData(3, 0.99)]
    [InlineData(4, 1.0)]
    public void A_percentile_is_right_to_about_one_percent_also_after_merging_and_storing(int seed, double share)
    {
        var random = new Random(seed);
        double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => Math.Exp(random.NextDouble() * 14 - 2))];
        var merged = new Histogram();
        foreach (double[] chunk in values.Chunk(777))
        {
            var part = new Histogram();
            Array.ForEach(chunk, part.Add);
            merged.Merge(Histogram.Deserialize(part.Serialize()));
        }

        double exact = values.Order().ElementAt((int)Math.Ceiling(share * values.Length) - 1);
        Assert.Equal(values.Length, merged.Count);
        Assert.InRange(merged.Percentile(share)!.Value, exact * 0.985, exact * 1.015);
    }

    [Fact]
    public void Without_values_there_is_no_percentile()
    {
        Assert.Null(new Histogram().Percentile(0.5));
        Assert.Null(Histogram.Deserialize("").Percentile(0.5));
    }

    [Fact]
    public void Times_of_nothing_and_of_days_have_their_place()
    {
        var histogram = new Histogram();
        histogram.Add(0);
        histogram.Add(86_400_000);

        Assert.InRange(histogram.Percentile(0.1)!.Value, 0, 0.02);
        Assert.InRange(histogram.Percentile(1)!.Value, 85_000_000, 88_000_000);
    }
}
