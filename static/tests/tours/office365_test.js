import { registry } from "@web/core/registry";

function testConnection(name = "action_office365_test") {
    return {
        content: "Test the connection",
        trigger: `button[name=${name}]`,
        run: "click",
    };
}

function stage(name, state) {
    return `.o_mail_office365_test:has([data-stage=${name}][data-state=${state}] .o_mail_office365_stage_state:contains(/\\w/))`;
}

function close() {
    return [
        {
            content: "Close",
            trigger: ".o_mail_office365_close",
            run: "click",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.o_mail_office365_test))",
        },
    ];
}

registry.category("web_tour.tours").add("mail_office365_test_fails", {
    steps: () => [
        testConnection(),
        {
            content: "The stages that were passed are shown, the failed one is first, with cause, remedy and the line to copy",
            trigger: `${stage("tls", "passed")}${stage("sign_in", "failed")}${stage("content", "waiting")} [role=alert]:contains(5.7.139):has(.o_mail_office365_command:contains(Set-CASMailbox -Identity erp@contoso.example -SmtpClientAuthenticationDisabled $false)) button:contains(/\\w/)`,
        },
        {
            content: "Try again, after it was repaired",
            trigger: ".o_mail_office365_again",
            run: "click",
        },
        {
            content: "All stages are passed",
            trigger: `${stage("resolve", "passed")}${stage("sign_in", "passed")}${stage("content", "passed")} .alert-success[role=status]`,
        },
        ...close(),
        testConnection("action_office365_test_mail"),
        {
            content: "Say who gets a test email",
            trigger: ".o_mail_office365_test input",
            run: "edit customer@fabrikam.example",
        },
        {
            content: "Send it",
            trigger: ".o_mail_office365_send:enabled",
            run: "click",
        },
        {
            content: "It was accepted, and it is told what it left as",
            trigger: `${stage("content", "passed")} .alert-success:contains(customer@fabrikam.example):contains(brant.wadsworth@contoso.example)`,
        },
        ...close(),
    ],
});

registry.category("web_tour.tours").add("mail_office365_test_silent", {
    steps: () => [
        testConnection(),
        {
            content: "What is known already is shown while the server is silent",
            trigger: `${stage("resolve", "passed")}${stage("connect", "running")} [role=status][aria-live=polite]:contains(/\\w/)`,
        },
        {
            content: "Cancel",
            trigger: ".o_mail_office365_cancel",
            run: "click",
        },
        {
            content: "It is over at once",
            trigger: `${stage("connect", "waiting")} .alert-warning:contains(/\\w/)`,
        },
        {
            content: "Try again, and wait",
            trigger: ".o_mail_office365_again",
            run: "click",
        },
        {
            content: "A stage that takes too long has failed",
            trigger: `${stage("connect", "failed")}${stage("tls", "waiting")} [role=alert]:contains(/\\w/)`,
        },
        ...close(),
    ],
});

registry.category("web_tour.tours").add("mail_office365_test_incoming", {
    steps: () => [
        testConnection(),
        {
            content: "A mailbox that is not opened is a stage that failed",
            trigger: `${stage("sign_in", "passed")}${stage("mailbox", "failed")} [role=alert]:has(.o_mail_office365_command:contains(Add-MailboxPermission -Identity erp@contoso.example))`,
        },
        {
            content: "Try again",
            trigger: ".o_mail_office365_again",
            run: "click",
        },
        {
            content: "It is open",
            trigger: `${stage("tls", "passed")}${stage("mailbox", "passed")} .alert-success`,
        },
        ...close(),
        {
            content: "The server is confirmed",
            trigger: "button[name=action_office365_fetch]",
        },
    ],
});
