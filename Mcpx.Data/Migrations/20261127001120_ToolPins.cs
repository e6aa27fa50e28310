using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Mcpx.Data.Migrations
{
    /// <inheritdoc />
    public partial class ToolPins : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "policy_engines",
                columns: table => new
                {
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    url = table.Column<string>(type: "text", nullable: false),
                    enabled = table.Column<bool>(type: "boolean", nullable: false),
                    timeout_milliseconds = table.Column<int>(type: "integer", nullable: false),
                    cache_seconds = table.Column<int>(type: "integer", nullable: false),
                    fail_open = table.Column<bool>(type: "boolean", nullable: false),
                    include_arguments = table.Column<bool>(type: "boolean", nullable: false),
                    cache_arguments = table.Column<bool>(type: "boolean", nullable: false),
                    token = table.Column<byte[]>(type: "bytea", nullable: true),
                    token_hint = table.Column<string>(type: "text", nullable: true),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_policy_engines", x => x.org_id);
                    table.ForeignKey(
                        name: "fk_policy_engines_organizations_org_id",
                        column: x => x.org_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "server_pins",
                columns: table => new
                {
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    mode = table.Column<short>(type: "smallint", nullable: false),
                    review_first = table.Column<bool>(type: "boolean", nullable: false),
                    baseline_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_server_pins", x => x.server_id);
                    table.ForeignKey(
                        name: "fk_server_pins_servers_org_id_server_id",
                        columns: x => new { x.org_id, x.server_id },
                        principalTable: "servers",
                        principalColumns: new[] { "org_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "tool_pins",
                columns: table => new
                {
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    approved_hash = table.Column<byte[]>(type: "bytea", nullable: true),
                    approved_definition = table.Column<byte[]>(type: "bytea", nullable: true),
                    approved_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    approved_by = table.Column<string>(type: "text", nullable: true),
                    seen_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    seen_definition = table.Column<byte[]>(type: "bytea", nullable: true),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    seen_by_client = table.Column<bool>(type: "boolean", nullable: false),
                    rejected_hash = table.Column<byte[]>(type: "bytea", nullable: true),
                    first_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_tool_pins", x => new { x.server_id, x.name });
                    table.ForeignKey(
                        name: "fk_tool_pins_server_pins_server_id",
                        column: x => x.server_id,
                        principalTable: "server_pins",
                        principalColumn: "server_id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_tool_pins_servers_org_id_server_id",
                        columns: x => new { x.org_id, x.server_id },
                        principalTable: "servers",
                        principalColumns: new[] { "org_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_server_pins_org_id_server_id",
                table: "server_pins",
                columns: new[] { "org_id", "server_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_tool_pins_org_id_server_id",
                table: "tool_pins",
                columns: new[] { "org_id", "server_id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "policy_engines");

            migrationBuilder.DropTable(
                name: "tool_pins");

            migrationBuilder.DropTable(
                name: "server_pins");
        }
    }
}
