using System.ComponentModel.DataAnnotations;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gallery;

public sealed partial class GalleryForm(Toasts toasts) : ComponentBase
{
    private static readonly IReadOnlyList<SelectOption<SignInKind>> Kinds =
        [new(SignInKind.None, "None"), new(SignInKind.ApiKey, "API key header"), new(SignInKind.Bearer, "Bearer token")];

    private readonly FormModel _model = new();

    private enum SignInKind
    {
        None,
        ApiKey,
        Bearer,
    }

    [Parameter]
    public bool InDialog { get; set; }

    [Parameter]
    public EventCallback OnDone { get; set; }

    private Task SubmitAsync()
    {
        toasts.Show(Tone.Good, $"Server “{_model.Name}” added");
        return OnDone.InvokeAsync();
    }

    private sealed class FormModel
    {
        [Required(ErrorMessage = "A name is required.")]
        public string? Name { get; set; }

        [Required(ErrorMessage = "An address is required.")]
        [Url(ErrorMessage = "This is not an http or https address.")]
        public string? Url { get; set; }

        public SignInKind Kind { get; set; }

        public string? Note { get; set; }

        public bool Record { get; set; } = true;
    }
}
