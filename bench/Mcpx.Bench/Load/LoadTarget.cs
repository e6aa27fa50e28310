using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Load;

/// <summary>Where calls go, as whom, and in which era and shape.</summary>
internal sealed record LoadTarget(Uri Endpoint, string Token, WireEra Era, AnswerShape Shape, int AnswerBytes);
