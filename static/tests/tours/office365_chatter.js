import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

/**
 * Outside of tests, the mail leaves between the commit and the answer, and the bus tells what became of it before the answer arrives. In tests
 * nothing is committed: the answer is held back until the mail was sent and the bus has told. What it tells later would hide a fault.
 */
function sendBeforeTheAnswer() {
    const { bus_service: bus, orm } = odoo.__WOWL_DEBUG__.root.env.services;
    browser.XMLHttpRequest = class extends XMLHttpRequest {
        addEventListener(type, listener) {
            super.addEventListener(type, async (event) => {
                if (type === "load" && this.responseURL.endsWith("/mail/message/post")) {
                    const told = new Promise((resolve) => {
                        bus.subscribe("mail.record/insert", (records) => {
                            if (records["mail.notification"]?.some((each) => each.notification_status === "exception")) {
                                resolve();
                            }
                        });
                    });
                    const { message_id } = JSON.parse(this.response).result;
                    await orm.call("mail.mail", "send", [await orm.search("mail.mail", [["mail_message_id", "=", message_id]])]);
                    await told;
                    bus.stop();
                }
                listener(event);
            });
        }
    };
}

registry.category("web_tour.tours").add("mail_office365_refused_at_once", {
    steps: () => [
        {
            content: "Write to the customer",
            trigger: ".o-mail-Chatter-sendMessage",
            async run({ click }) {
                sendBeforeTheAnswer();
                await click();
            },
        },
        {
            content: "Some words",
            trigger: ".o-mail-Chatter:has(.o-mail-RecipientsInput:contains(Carla)) .o-mail-Composer-input",
            run: "edit Refused offer",
        },
        {
            content: "Send",
            trigger: ".o-mail-Composer:has(.o-mail-Composer-input:value(Refused offer)) .o-mail-Composer-send:enabled",
            run: "click",
        },
        {
            content: "The envelope is red at once",
            trigger: ".o-mail-Message:contains(Refused offer) .o-mail-Message-notification.text-danger [aria-label='Delivery failure']",
            timeout: 30000, // for the bus
            run: "click",
        },
        {
            content: "and says why",
            trigger: ".o-mail-MessageNotificationPopover .o-mail_office365-details summary",
            run: "click",
        },
        {
            content: "in the server's words",
            trigger: ".o-mail-MessageNotificationPopover details[open]:contains(5.1.10)",
        },
    ],
});

registry.category("web_tour.tours").add("mail_office365_chatter", {
    steps: () => [
        {
            content: "The envelope of the deferred mail is no red one, and says so to a screen reader",
            trigger:
                ".o-mail-Message:contains(Deferred offer) .o-mail-Message-notification:not(.text-danger):has(.fa-clock-o[aria-label^='Retrying at'])",
            run: "click",
        },
        {
            content: "It says when the mail is tried again, and why",
            trigger:
                ".o-mail-MessageNotificationPopover:contains(Carla Customer):contains(Retrying at):contains(Server busy):not(:contains(PRX4))",
        },
        {
            content: "The envelope of the failed mail is red",
            trigger: ".o-mail-Message:contains(Failed offer) .o-mail-Message-notification.text-danger",
            run: "click",
        },
        {
            content: "It says why in a plain sentence; the server's words are for others",
            trigger:
                ".o-mail-MessageNotificationPopover:contains(Otto Other):not(:has(details)):not(:contains(5.1.10)) .o-mail_office365-reason:contains(check the address)",
        },
    ],
});
