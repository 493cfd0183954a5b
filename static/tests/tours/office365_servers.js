import { parameter } from "@mail_office365/../tests/tours/steps";
import { registry } from "@web/core/registry";

// Presets by their place in the list: labels are in the language of the user.
function choosePreset(index = 0) {
    return [
        {
            content: "Open the presets",
            trigger: ".o_field_widget[name=office365_preset] .o_select_menu_toggler",
            run: "click",
        },
        {
            content: "Choose one",
            trigger: `.o_select_menu_item[data-choice-index='${index}']`,
            run: "click",
        },
    ];
}

function expectValue(field, value) {
    return {
        content: `${field} is ${value}`,
        trigger: `.o_field_widget[name=${field}] input:value(${value})`,
    };
}

function enterParameter(field, name) {
    return {
        content: `Enter ${name} in ${field}`,
        trigger: `.o_field_widget[name=${field}] input`,
        async run({ edit }) {
            await edit(await parameter(name));
        },
    };
}

// Microsoft's sign-in is chosen; the local server of these tours takes a password as well.
function signInByPassword() {
    return [
        {
            content: "Microsoft's sign-in is chosen",
            trigger: ".o_field_widget[name=office365_sign_in_by] input[data-value=office365]:checked",
        },
        {
            content: "Sign in by password",
            trigger: ".o_field_widget[name=office365_sign_in_by] input[data-value=login]",
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_outgoing", {
    steps: () => [
        {
            content: "Make a new outgoing server",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choosePreset(),
        expectValue("name", "Office 365 Outgoing Mail Server"),
        expectValue("smtp_host", "smtp.office365.com"),
        expectValue("smtp_port", "587"),
        ...signInByPassword(),
        {
            content: "The end of passwords at Microsoft is announced",
            trigger: ".alert-warning:contains(2026)",
        },
        {
            content: "There is no choice of encryption to get wrong",
            trigger: ".o_form_view:not(:has(.o_field_widget[name=smtp_encryption]))",
        },
        enterParameter("smtp_host", "submission_host"),
        enterParameter("smtp_port", "submission_port"),
        enterParameter("smtp_user", "mailbox"),
        enterParameter("smtp_pass", "password"),
        {
            content: "Test the connection",
            trigger: "button[name=action_office365_test]",
            run: "click",
        },
        {
            content: "The test is green, and each stage is shown, the last one with the server's reply",
            trigger: ".o_mail_office365_test:has(.alert-success) [data-stage=content][data-state=passed]:contains(2.0.0 OK)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_incoming", {
    steps: () => [
        {
            content: "Make a new incoming server",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choosePreset(),
        expectValue("name", "Office 365 Incoming Mail Server"),
        expectValue("server", "outlook.office365.com"),
        expectValue("port", "993"),
        enterParameter("server", "imap_host"),
        enterParameter("port", "imap_port"),
        enterParameter("user", "mailbox"),
        ...signInByPassword(),
        enterParameter("password", "password"),
        {
            content: "Test and confirm",
            trigger: "button[name=action_office365_test]",
            run: "click",
        },
        {
            content: "All stages are passed",
            trigger: ".o_mail_office365_test .alert-success",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "Fetch now",
            trigger: "button[name=action_office365_fetch]",
            run: "click",
        },
        {
            content: "It tells what came",
            trigger: ".o_mail_office365_fetch:has(.o_mail_office365_done) [role=status]:contains(/\\b1 /)",
        },
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "The date of the fetch is shown",
            trigger: ".o_field_widget[name=date]:contains(/[0-9]/)",
        },
    ],
});
