using System.Text.RegularExpressions;

namespace Serverless.Gateway.Tests.Configuration;

/// <summary>Names of app settings with what a user chooses taken out: <c>Gateway__providers__*__kind</c>, <c>Gateway__callers__*__id</c>.</summary>
internal static partial class SettingNames
{
    public static string Normalize(string name) => Chosen().Replace(Index().Replace(name, "__*"), "$1*");

    [GeneratedRegex("^(Gateway__(?:providers|endpoints)__(?:[^_]+__headers__)?)[^_]+(?:_[^_]+)*")]
    private static partial Regex Chosen();

    [GeneratedRegex("__[0-9]+(?=__|$)")]
    private static partial Regex Index();
}
