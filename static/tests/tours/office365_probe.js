import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mail_office365_probe_many", {
    steps: () => [
        {
            content: "Check all addresses",
            trigger: "button[name=action_office365_probe]",
            run: "click",
        },
        {
            content: "The progress is shown and said, and what was found out",
            trigger: ".o_mail_office365_probe:has([role=progressbar][aria-valuenow='2'][aria-valuemax='2']):has([role=status]:contains(/2 \\w+ 2 /)):has(li:contains(/: 1$/)) li:contains(notifications@contoso.example)",
        },
        {
            content: "With the line that grants the permission",
            trigger: ".o_mail_office365_probe:has(code:contains(Add-RecipientPermission)) button:contains(/\\w/)",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The server shows what is refused",
            trigger: "body:not(:has(.modal)) .alert[name=office365_default_from]:contains(notifications@contoso.example)",
        },
    ],
});
