using System.Text.Json.Nodes;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>Rules over the golden files of the environments; and each rule is seen to fail when what it is about is broken.</summary>
public sealed class RuleTests
{
    public static TheoryData<string, string> PropertyRules => Of(PropertyRule.All.Concat(PropertyRule.Optional));

    public static TheoryData<string, string> Rules => Of(Rule.All);

    public static TheoryData<string, string> Breaks
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (Rule rule in Rule.All)
            {
                foreach (Break change in rule.Breaks)
                {
                    data.Add(rule.Name, change.Name);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(PropertyRules))]
    public void A_property_is_as_it_must_be(string environment, string rule)
    {
        PropertyRule asked = PropertyRule.All.Concat(PropertyRule.Optional).Single(r => r.ToString() == rule);
        Snapshot snapshot = Snapshot.Read(environment);

        if (PropertyRule.All.Contains(asked))
        {
            Assert.NotEmpty(snapshot.Resources(asked.Type));
        }

        Assert.Empty(asked.Faults(snapshot));
        for (int i = 0; i < snapshot.Resources(asked.Type).Count; i++)
        {
            foreach (JsonNode? wrong in (JsonNode?[])["wrong", null])
            {
                Snapshot broken = Snapshot.Read(environment);
                Snapshot.Set(broken.Resources(asked.Type)[i], asked.Path, wrong);
                Assert.Single(asked.Faults(broken));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void An_environment_obeys(string environment, string rule) => Assert.Empty(Named(rule).Faults(Snapshot.Read(environment)));

    [Theory]
    [MemberData(nameof(Breaks))]
    public void A_rule_sees_when_it_is_broken(string rule, string change)
    {
        Snapshot broken = Snapshot.Read("full");
        string before = broken.ToString();
        Named(rule).Breaks.Single(b => b.Name == change).Apply(broken);

        Assert.NotEqual(before, broken.ToString());
        Assert.NotEmpty(Named(rule).Faults(broken));
    }

    [Fact]
    public void Some_environment_has_what_not_all_have() =>
        Assert.All(PropertyRule.Optional, rule => Assert.Contains(Snapshot.Environments, environment => Snapshot.Read(environment).Resources(rule.Type).Count > 0));

    private static Rule Named(string name) => Rule.All.Single(rule => rule.Name == name);

    private static TheoryData<string, string> Of(IEnumerable<object> rules)
    {
        var data = new TheoryData<string, string>();
        foreach (object rule in rules)
        {
            foreach (string environment in Snapshot.Environments)
            {
                data.Add(environment, rule.ToString()!);
            }
        }

        return data;
    }
}
