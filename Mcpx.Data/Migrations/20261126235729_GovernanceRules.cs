using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Mcpx.Data.Migrations
{
    /// <inheritdoc />
    public partial class GovernanceRules : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<short>(
                name: "audience",
                table: "tool_rules",
                type: "smallint",
                nullable: false,
                defaultValue: (short)0);

            migrationBuilder.AddColumn<Guid>(
                name: "audience_id",
                table: "tool_rules",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<short>(
                name: "audience_role",
                table: "tool_rules",
                type: "smallint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "conditions",
                table: "tool_rules",
                type: "jsonb",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "log_only",
                table: "tool_rules",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "governance_enforced",
                table: "servers",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<bool>(
                name: "explain_refusals",
                table: "organizations",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<bool>(
                name: "new_servers_closed",
                table: "organizations",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "call_limits",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    server_id = table.Column<Guid>(type: "uuid", nullable: true),
                    pattern = table.Column<string>(type: "text", nullable: true),
                    audience = table.Column<short>(type: "smallint", nullable: false),
                    audience_role = table.Column<short>(type: "smallint", nullable: true),
                    audience_id = table.Column<Guid>(type: "uuid", nullable: true),
                    each_caller = table.Column<bool>(type: "boolean", nullable: false),
                    per_minute = table.Column<int>(type: "integer", nullable: true),
                    at_once = table.Column<int>(type: "integer", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_call_limits", x => x.id);
                    table.ForeignKey(
                        name: "fk_call_limits_organizations_org_id",
                        column: x => x.org_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_call_limits_servers_org_id_server_id",
                        columns: x => new { x.org_id, x.server_id },
                        principalTable: "servers",
                        principalColumns: new[] { "org_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_call_limits_org_id_server_id",
                table: "call_limits",
                columns: new[] { "org_id", "server_id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "call_limits");

            migrationBuilder.DropColumn(
                name: "audience",
                table: "tool_rules");

            migrationBuilder.DropColumn(
                name: "audience_id",
                table: "tool_rules");

            migrationBuilder.DropColumn(
                name: "audience_role",
                table: "tool_rules");

            migrationBuilder.DropColumn(
                name: "conditions",
                table: "tool_rules");

            migrationBuilder.DropColumn(
                name: "log_only",
                table: "tool_rules");

            migrationBuilder.DropColumn(
                name: "governance_enforced",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "explain_refusals",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "new_servers_closed",
                table: "organizations");
        }
    }
}
