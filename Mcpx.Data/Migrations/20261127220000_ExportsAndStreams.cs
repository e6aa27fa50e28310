using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Mcpx.Data.Migrations
{
    /// <inheritdoc />
    internal sealed partial class ExportsAndStreams : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "position",
                table: "scheduled_exports",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "query",
                table: "scheduled_exports",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "target",
                table: "scheduled_exports",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "entries",
                table: "log_streams",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "paused_at",
                table: "log_streams",
                type: "timestamp with time zone",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "position",
                table: "scheduled_exports");

            migrationBuilder.DropColumn(
                name: "query",
                table: "scheduled_exports");

            migrationBuilder.DropColumn(
                name: "target",
                table: "scheduled_exports");

            migrationBuilder.DropColumn(
                name: "entries",
                table: "log_streams");

            migrationBuilder.DropColumn(
                name: "paused_at",
                table: "log_streams");
        }
    }
}
