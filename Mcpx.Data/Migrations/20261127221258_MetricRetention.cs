using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Mcpx.Data.Migrations
{
    /// <inheritdoc />
    internal sealed partial class MetricRetention : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "metric_day_days",
                table: "organizations",
                type: "integer",
                nullable: false,
                defaultValue: 1826);

            migrationBuilder.AddColumn<int>(
                name: "metric_event_days",
                table: "organizations",
                type: "integer",
                nullable: false,
                defaultValue: 7);

            migrationBuilder.AddColumn<int>(
                name: "metric_hour_days",
                table: "organizations",
                type: "integer",
                nullable: false,
                defaultValue: 400);

            migrationBuilder.AddColumn<int>(
                name: "metric_minute_days",
                table: "organizations",
                type: "integer",
                nullable: false,
                defaultValue: 30);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "metric_day_days",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "metric_event_days",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "metric_hour_days",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "metric_minute_days",
                table: "organizations");
        }
    }
}
