using System.Text;
using CsCheck;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Seals that travel through clients which have no place for them.</summary>
public sealed class CarrierTests
{
    private static readonly DialectId[] Dialects =
        [DialectIds.ChatCompletions, DialectIds.Responses, DialectIds.Messages, DialectIds.GenerateContent];

    private static readonly Gen<string> Seal = Gen.OneOf(Gen.String[1, 40], Gen.OneOf("EqQB+/==", "gAAAA.b-c_", "a|b", "__sig_x", "gw1", "."));

    [Theory]
    [InlineData("functions.search:0")]
    [InlineData("\"fc-2\" ü/👍")]
    [InlineData("call_1")]
    public void An_id_of_any_characters_goes_through_clients_that_know_only_plain_ones(string id)
    {
        var seal = new Signature("c2VhbA==", DialectIds.GenerateContent);
        foreach (Signature? signature in (Signature?[])[null, seal])
        {
            string wrapped = ToolCallIdCarrier.WrapPlain(id, signature);
            Assert.Matches("^[a-zA-Z0-9_-]+$", wrapped);
            Assert.Equal((id, signature), ToolCallIdCarrier.Unwrap(wrapped));
        }

        Assert.Equal("call_1", ToolCallIdCarrier.WrapPlain("call_1", null));
    }

    [Fact]
    public void A_seal_comes_back_from_every_client_as_it_was() =>
        Gen.Select(Seal, Gen.OneOf(Dialects), Gen.OneOf(Dialects)).Sample((value, maker, client) =>
        {
            var signature = new Signature(Mended(value), maker);
            string carried = SignatureCarrier.Wrap(signature, client);
            Assert.Equal(signature, SignatureCarrier.Unwrap(carried, client));
            Assert.Equal(maker == client, carried == signature.Value);
        });

    [Fact]
    public void Gemini_clients_can_read_a_foreign_seal_as_bytes_and_write_it_in_either_alphabet()
    {
        var signature = new Signature("?>~~ü??>>//++", DialectIds.Messages);
        string carried = SignatureCarrier.Wrap(signature, DialectIds.GenerateContent);
        byte[] bytes = Convert.FromBase64String(carried);
        Assert.StartsWith("gw1.", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        string urlSafe = carried.Replace('+', '-').Replace('/', '_');
        Assert.NotEqual(carried, urlSafe);
        Assert.Equal(signature, SignatureCarrier.Unwrap(urlSafe, DialectIds.GenerateContent));
        Assert.Equal(signature, SignatureCarrier.Unwrap(urlSafe.TrimEnd('='), DialectIds.GenerateContent));
    }

    [Theory]
    [InlineData("Z3cxLg==")]
    [InlineData("Z3cxL!!")]
    [InlineData("gw1.")]
    [InlineData("gw1.nodot")]
    [InlineData("")]
    public void A_text_that_only_looks_carried_is_the_clients_own(string text) =>
        Assert.Equal(new Signature(text, DialectIds.GenerateContent), SignatureCarrier.Unwrap(text, DialectIds.GenerateContent));

    [Fact]
    public void A_seal_rides_in_an_id_of_plain_characters() =>
        Gen.Select(Seal, Gen.OneOf(Dialects), Gen.OneOf("call_1", "toolu_01A", "functions.f:0", "a_b-c")).Sample((value, maker, id) =>
        {
            var signature = new Signature(Mended(value), maker);
            string carried = ToolCallIdCarrier.Wrap(id, signature);
            Assert.StartsWith(id, carried, StringComparison.Ordinal);
            Assert.All(carried[id.Length..], c => Assert.True(char.IsAsciiLetterOrDigit(c) || c is '_' or '-'));
            Assert.Equal((id, signature), ToolCallIdCarrier.Unwrap(carried));
        });

    [Fact]
    public void A_seal_whose_base64_holds_the_mark_still_comes_back()
    {
        byte[] chosen = System.Buffers.Text.Base64Url.DecodeFromChars("AAAA__sig_AAAAAA");
        string text = $"{DialectIds.GenerateContent.Name}|";
        string padded = text + new string(' ', (3 - (text.Length % 3)) % 3);
        string id = "call_1__sig_" + System.Buffers.Text.Base64Url.EncodeToString([.. Encoding.UTF8.GetBytes(padded), .. chosen]);
        (string unwrapped, Signature? signature) = ToolCallIdCarrier.Unwrap(id);
        Assert.Equal("call_1", unwrapped);
        Assert.Equal(DialectIds.GenerateContent, signature!.Origin);
    }

    [Theory]
    [InlineData("call_1")]
    [InlineData("call__sig_")]
    [InlineData("call__sig_!!")]
    [InlineData("call__sig_QUJD")]
    [InlineData("")]
    public void An_id_without_a_seal_is_left_alone(string id)
    {
        Assert.Equal((id, null), ToolCallIdCarrier.Unwrap(id));
        Assert.Equal(id, ToolCallIdCarrier.Wrap(id, null));
    }

    private static string Mended(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
