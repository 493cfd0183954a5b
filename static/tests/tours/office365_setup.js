import { registry } from "@web/core/registry";

/** The five values that an administrator types; the fifth is a secret, or a certificate made here. */
function type(name, value) {
    return {
        content: `Type ${name}`,
        trigger: `.o_field_widget[name=${name}] input`,
        run: `edit ${value} && press Tab`,
    };
}

function press(name) {
    return {
        content: `Press ${name}`,
        trigger: `.o_form_view button[name=${name}]:visible:not(:disabled)`,
        run: "click",
    };
}

/** The check has ended, and the list of steps shows what it found. */
function shows(step, state) {
    const icon = { done: "fa-check-circle", failed: "fa-times-circle", todo: "fa-circle-o" }[state];
    return {
        content: `${step} is ${state}`,
        trigger: `body:not(:has(.modal)) .o_mail_office365_steps button[name=${step}]:has(.${icon})`,
        timeout: 30000,
    };
}

function isOpen(step) {
    return {
        content: `${step} is open`,
        trigger: `.o_mail_office365_steps button[name=${step}][aria-current=step]`,
    };
}

/** What an administrator does in each step; one more step is one more function here. */
const STEPS = {
    sign_in: ({ directory_id, client_id, domain }) => [
        type("domain", domain),
        type("client_id", client_id),
        type("directory_id", directory_id),
        press("action_make_key_pair"),
        {
            content: "Download the certificate for Entra",
            trigger: ".o_field_widget[name=certificate_cer] .o_form_uri, .o_field_widget[name=certificate_cer] a, .o_field_widget[name=certificate_cer] button",
            run: "click",
        },
        press("action_check"),
    ],
    outgoing: ({ mailbox }) => [type("mailbox", mailbox), press("action_create_mail_server")],
    incoming: () => [press("action_create_fetchmail_server")],
    alias_domain: () => [press("action_set_values")],
    aliases: ({ search }) => [
        press("action_aliases"),
        {
            content: "The users are there, in the language of the user",
            trigger: `.o_list_view:has(.o_data_row) .o_searchview_input[placeholder^="${search}"]`,
        },
        {
            content: "Select all users",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Set their aliases",
            trigger: ".o_list_view button[name=action_set]",
            run: "click",
        },
        {
            content: "They are set: only what is not done is shown",
            trigger: ".o_list_view:not(:has(.o_data_row))",
        },
        {
            content: "Go back to the set-up",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
    ],
    catch_all: () => [
        {
            content: "Catch all of the domain",
            trigger: ".o_field_widget[name=catch_all_scope] input[data-value=domain]",
            run: "click",
        },
    ],
    proof: () => [
        press("action_office365_proof"),
        {
            content: "It came back",
            trigger: ".modal .o_mail_office365_close:enabled",
            timeout: 60000,
            run: "click",
        },
    ],
};

/** Known only by the proof: it is what shows that the catch-all works. */
const PROVED_LATER = new Set(["catch_all"]);

function setUp(values) {
    const names = Object.keys(STEPS);
    const steps = [
        ...names.flatMap((name, index) => [
            isOpen(name),
            ...STEPS[name](values),
            ...(PROVED_LATER.has(name) ? [] : [shows(name, "done")]),
            ...(index < names.length - 1 ? [press("action_next")] : []),
        ]),
        ...names.map((name) => shows(name, "done")),
    ];
    const clicks = steps.filter((step) => step.run === "click").length;
    return [
        ...steps,
        {
            content: "Count the clicks",
            trigger: ".o_mail_office365_steps",
            run() {
                console.log(`Office 365 set-up: ${names.length} steps, ${clicks} clicks in Odoo`);
                if (clicks >= 20) {
                    throw new Error(`${clicks} clicks are too many`);
                }
            },
        },
        press("action_check_all"),
        {
            content: "All steps are looked up again",
            trigger: ".modal .o_mail_office365_check",
        },
        ...names.map((name) => shows(name, "done")),
    ];
}

/** From the page that opens after the install. */
registry.category("web_tour.tours").add("mail_office365_setup", {
    steps: () => setUp(JSON.parse(new URLSearchParams(window.location.search).get("values"))),
});

registry.category("web_tour.tours").add("mail_office365_setup_wrong_input", {
    steps: () => [
        type("domain", "https://Contoso.example/"),
        {
            content: "What is meant one way only is tidied",
            trigger: ".o_field_widget[name=domain] input:value(contoso.example)",
        },
        type("client_id", "contoso"),
        {
            content: "What is wrong is said beside the field",
            trigger: ".o_field_widget[name=client_problem]:visible",
        },
        {
            content: "Open another step",
            trigger: ".o_mail_office365_steps button[name=outgoing]",
            run: "click",
        },
        isOpen("outgoing"),
        press("action_check_all"),
        shows("sign_in", "failed"),
        {
            content: "Open the first step again",
            trigger: ".o_mail_office365_steps button[name=sign_in]",
            run: "click",
        },
        isOpen("sign_in"),
        {
            content: "Nothing typed is lost",
            trigger: ".o_field_widget[name=client_id] input:value(contoso)",
        },
        press("action_check"),
        shows("sign_in", "failed"),
        {
            content: "The list says what to do",
            trigger: ".o_mail_office365_checks [data-state=failed]",
        },
        press("action_check_all"),
        {
            content: "A check can be left",
            trigger: ".o_mail_office365_check [role=status][aria-live=polite]",
            run: "press Escape",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.modal)) .o_mail_office365_steps",
        },
    ],
});
