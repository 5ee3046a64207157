using System.Buffers.Binary;
using System.Text;

namespace Serverless.EndToEnd.Tests.Telemetry;

/// <summary>
/// A message of protocol buffers, read by the wire format alone (https://protobuf.dev/programming-guides/encoding/): the numbers of fields come from
/// https://github.com/open-telemetry/opentelemetry-proto.
/// </summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Field, ulong Number, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtoMessage(ReadOnlyMemory<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length)
        {
            ulong tag = Varint(bytes.Span, ref at);
            int field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    _fields.Add((field, Varint(bytes.Span, ref at), default));
                    break;
                case 1:
                    _fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[at..]), default));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(bytes.Span, ref at);
                    _fields.Add((field, 0, bytes.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    _fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[at..]), default));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"The wire type {tag & 7} is unknown.");
            }
        }
    }

    public IEnumerable<ProtoMessage> Messages(int field) => Bytes(field).Select(bytes => new ProtoMessage(bytes));

    /// <summary>Messages down a path of fields.</summary>
    public IEnumerable<ProtoMessage> Messages(params int[] path) => path.Aggregate<int, IEnumerable<ProtoMessage>>([this], (messages, field) => messages.SelectMany(m => m.Messages(field)));

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field).FirstOrDefault().Span);

    public string Hex(int field) => Convert.ToHexStringLower(Bytes(field).FirstOrDefault().Span);

    public ulong Number(int field) => _fields.FirstOrDefault(f => f.Field == field).Number;

    /// <summary>Doubles that stand one after the other.</summary>
    public double[] Doubles(int field) => [.. Bytes(field).SelectMany(bytes => Enumerable.Range(0, bytes.Length / 8).Select(i => BinaryPrimitives.ReadDoubleLittleEndian(bytes.Span[(i * 8)..])))];

    /// <summary>Attributes: key 1, value 2 of text 1, flag 2, whole number 3, real number 4 or list 5.</summary>
    public Dictionary<string, object> Attributes(int field) => Messages(field).ToDictionary(pair => pair.Text(1), pair => Value(pair.Messages(2).Single()));

    private static object Value(ProtoMessage value)
    {
        (int field, ulong number, _) = value._fields.Single();
        return field switch
        {
            1 => value.Text(1),
            2 => number == 1,
            3 => (long)number,
            4 => BitConverter.UInt64BitsToDouble(number),
            5 => string.Join(',', value.Messages(5, 1).Select(Value)),
            _ => throw new InvalidDataException($"A value of kind {field} is unknown."),
        };
    }

    private IEnumerable<ReadOnlyMemory<byte>> Bytes(int field) => _fields.Where(f => f.Field == field).Select(f => f.Bytes);

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
