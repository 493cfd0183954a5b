import { parameter } from "@mail_office365/../tests/tours/steps";
import { registry } from "@web/core/registry";

function edit(field, value, where = ".o_form_view") {
    return {
        content: `Enter ${value} in ${field}`,
        trigger: `${where} .o_field_widget[name=${field}] input`,
        run: `edit ${value}`,
    };
}

function refused(words) {
    return [
        {
            content: `It is refused: ${words}`,
            trigger: `.modal:contains(Validation Error):contains(${words})`,
        },
        {
            content: "Close the message",
            trigger: ".modal:contains(Validation Error) footer button:contains(Close)",
            run: "click",
        },
        {
            content: "It is closed",
            trigger: "body:not(:has(.modal:contains(Validation Error)))",
        },
    ];
}

const save = [
    {
        content: "Save the server",
        trigger: ".o_form_button_save",
        run: "click",
    },
];

const saveApp = [
    {
        content: "Save the app",
        trigger: ".modal .o_form_button_save",
        run: "click",
    },
];

// A database without any app: what an administrator enters wrong at first, and what they read.
registry.category("web_tour.tours").add("mail_office365_input", {
    steps: () => [
        {
            content: "Make a new outgoing server",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Without a preset, core's form is as it was",
            trigger:
                ".o_form_view:not(:has(.o-form-buttonbox .oe_stat_button)) .o_field_widget[name=smtp_host] input:not([placeholder*='.'])",
        },
        {
            content: "Open the presets",
            trigger: ".o_field_widget[name=office365_preset] .o_select_menu_toggler",
            run: "click",
        },
        {
            content: "Choose Client submission",
            trigger: ".o_select_menu_item:contains(Client submission)",
            run: "click",
        },
        {
            content: "Microsoft's sign-in is chosen, and there is no empty box for the app",
            trigger:
                ".o_form_view:has(.o_field_widget[name=office365_sign_in_by] input[data-value=office365]:checked):not(:has(.o_field_widget[name=office365_app_id]))",
        },
        {
            content: "What needs a server that is saved is not offered",
            trigger:
                ".o_form_view:has(button[name=action_office365_test]):not(:has(button[name=action_office365_deliveries], button[name=action_office365_probe], button[name=action_office365_senders]))",
        },
        {
            content: "Create the Entra app",
            trigger: ".o_mail_office365_create_app",
            run: "click",
        },
        edit("directory_id", "11111111-2222-3333-4444-555555555555", ".modal"),
        edit("client_id", "66666666-7777-8888-9999-000000000000", ".modal"),
        edit("client_secret", "99999999-7777-8888-9999-000000000000", ".modal"),
        ...saveApp,
        ...refused("this is the Secret ID"),
        {
            content: "Choose a certificate instead",
            trigger: ".modal .o_field_widget[name=credential] input[data-value=certificate]",
            run: "click",
        },
        {
            content: "Open its page",
            trigger: ".modal .nav-link[name=certificate]",
            run: "click",
        },
        {
            content: "Enter the certificate without its key",
            trigger: ".modal .o_field_widget[name=certificate] textarea",
            async run({ edit }) {
                await edit(await parameter("certificate"));
            },
        },
        ...saveApp,
        ...refused("has no private key"),
        {
            content: "Take it out again",
            trigger: ".modal .o_field_widget[name=certificate] textarea",
            run: "clear",
        },
        {
            content: "Upload the file",
            trigger: ".modal .o_field_widget[name=certificate_pfx] input[type=file]:not(:visible)",
            async run({ anchor }) {
                const content = Uint8Array.from(atob(await parameter("pfx")), (letter) => letter.charCodeAt(0));
                const files = new DataTransfer();
                files.items.add(new File([content], "odoo.pfx"));
                anchor.files = files.files;
                anchor.dispatchEvent(new Event("change"));
            },
        },
        edit("certificate_passphrase", "open sesame", ".modal"),
        ...saveApp,
        {
            content: "The server has the app",
            trigger: ".o_field_widget[name=office365_app_id] input:value(Odoo Mail)",
        },
        edit("smtp_host", "https://smtp.office365.com/"),
        edit("smtp_user", "ERP <erp@contoso.example>"),
        ...save,
        ...refused("the field Username holds “ERP <erp@contoso.example>”"),
        {
            content: "The field that the message names is on the page",
            trigger: ".o_form_view label:contains(/^Username/)",
        },
        edit("smtp_user", "erp@contoso.example, info@contoso.example"),
        ...save,
        ...refused("holds several addresses"),
        edit("smtp_user", "erp"),
        ...save,
        ...refused("the field Username holds “erp”"),
        edit("smtp_user", " erp@contoso.example "),
        ...save,
        {
            content: "It is saved, and the host is a host",
            trigger:
                ".o_form_view:has(.o_form_saved, .o_form_button_create) .o_field_widget[name=smtp_host] input:value(/^smtp.office365.com$/)",
        },
    ],
});
