import { registry } from "@web/core/registry";

// The tour leaves Odoo for Microsoft's page, and goes on where that leads back to.
function signInWithMicrosoft() {
    return [
        {
            content: "Nobody signed in yet",
            trigger: ".o_field_widget[name=office365_sign_in_status]:contains(has not signed in yet)",
        },
        {
            content: "Go to Microsoft's page",
            trigger: "button[name=action_office365_sign_in]",
            run: "click",
            expectUnloadPage: true,
        },
    ];
}

function backFromPage(words) {
    return [
        {
            content: `The page says: ${words}`,
            trigger: `.alert-danger[role=alert]:contains(${words})`,
        },
        {
            content: "Go back to the mail server",
            trigger: "a.btn-primary:contains(Back to Odoo)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Still nobody signed in",
            trigger: ".o_field_widget[name=office365_sign_in_status]:contains(has not signed in yet)",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_sign_in", {
    steps: () => [
        ...signInWithMicrosoft(),
        {
            content: "Back on the mail server, the mailbox is signed in",
            trigger: ".o_field_widget[name=office365_sign_in_status]:contains(erp@contoso.example is signed in)",
        },
        {
            content: "Test the connection",
            trigger: "button[name=action_office365_test]",
            run: "click",
        },
        {
            content: "It works",
            trigger: ".o_mail_office365_test .alert-success",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_sign_in_as_another", {
    steps: () => [
        ...signInWithMicrosoft(),
        ...backFromPage("brant.wadsworth@contoso.example signed in, but the mail server signs in as erp@contoso.example"),
    ],
});

registry.category("web_tour.tours").add("mail_office365_sign_in_declined", {
    steps: () => [...signInWithMicrosoft(), ...backFromPage("Grant admin consent")],
});
