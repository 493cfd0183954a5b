import { registry } from "@web/core/registry";

const MOST = 120; // presses of Tab on the longest page

function until(what, isSo) {
    return new Promise((resolve, reject) => {
        const end = Date.now() + 9000;
        const look = () =>
            isSo() ? resolve() : Date.now() > end ? reject(new Error(`Not ${what}, but at ${describe(document.activeElement)}`)) : setTimeout(look, 20);
        look();
    });
}

/** Has the test press a key: a real one, which does what keys do. */
async function press(key) {
    const released = new Promise((resolve) => window.addEventListener("keyup", resolve, { once: true, capture: true }));
    console.log(`office365: key ${key}`);
    await released;
}

function describe(element) {
    return `<${element.tagName} name=${element.getAttribute("name")} class=${element.className}>`;
}

function looks(element) {
    const style = getComputedStyle(element);
    return [style.outline, style.boxShadow, style.border, style.backgroundColor, style.color].join();
}

/** Whoever uses the keyboard sees where they are: what has the focus looks different with it, or what is around it does. */
function checkSeen() {
    const element = document.activeElement;
    const around = [element, element.parentElement, element.parentElement.parentElement];
    const focused = around.map(looks).join();
    element.blur();
    const blurred = around.map(looks).join();
    element.focus();
    if (focused === blurred) {
        throw new Error(`The focus is not seen at ${describe(element)}`);
    }
}

/** A step that presses a key until the focus is at an element. */
function go(key, selector, content = `${key} to ${selector}`) {
    return {
        content,
        trigger: selector,
        timeout: 30000,
        async run() {
            const passed = [describe(document.activeElement)];
            for (let presses = 0; presses < MOST; presses++) {
                await press(key);
                const { activeElement } = document;
                if (activeElement.matches(selector)) {
                    checkSeen();
                    return;
                }
                passed.push(describe(activeElement));
            }
            throw new Error(`${key} never came to ${selector}, but to:\n${passed.join("\n")}`);
        },
    };
}

function hit(key, content) {
    return { content, trigger: "body", run: () => press(key) };
}

/** A step that waits until the focus is at an element, and looks whether that is seen. */
function focusIsAt(selector, content) {
    return {
        content,
        trigger: selector,
        async run() {
            await until(`focus at ${selector}`, () => document.activeElement.matches(selector));
            checkSeen();
        },
    };
}

function shown(selector, content) {
    return { content, trigger: selector, timeout: 20000 };
}

const app = "[data-menu-xmlid='mail_office365.office365_menu_root']";
const item = (name) => `[data-menu-xmlid='mail_office365.${name}']`;
const close = ".modal .o_mail_office365_close";

registry.category("web_tour.tours").add("mail_office365_keyboard", {
    steps: () => [
        {
            content: "The page has come to rest, and nothing moves, so that what is seen is seen at once",
            trigger: "button[name=action_office365_test]",
            run() {
                const style = document.head.appendChild(document.createElement("style"));
                style.textContent = "* { transition: none !important; animation: none !important; }";
            },
        },
        go("Shift+Tab", ".o_navbar_apps_menu button", "Go to the menu of apps"),
        hit("Enter", "Open it"),
        shown(app, "The apps are listed"),
        go("ArrowDown", app, "Go to the app"),
        hit("Enter", "Open the app"),
        shown(".o_mail_office365_steps button[name=sign_in][aria-current=step]", "The first step of the set-up is open"),
        go("Tab", "button[name=action_check]", "Go to the button that checks this step"),
        hit("Enter", "Check the step"),
        shown("body:not(:has(.modal)) .o_mail_office365_checks li", "It was checked"),
        focusIsAt("button[name=action_check], button[name=action_next]", "The focus is back"),
        go("Tab", ".o_mail_office365_steps button[name=outgoing]", "Go to the second step"),
        hit("Enter", "Open it"),
        shown(".o_mail_office365_steps button[name=outgoing][aria-current=step]", "It is open"),
        focusIsAt(".o_mail_office365_steps button[name=outgoing]", "The focus is where it was"),

        go("Shift+Tab", item("office365_menu_configuration"), "Go to the menu Configuration"),
        hit("Enter", "Open it"),
        shown(item("office365_app_mail_server_menu"), "It is open"),
        go("ArrowDown", item("office365_app_mail_server_menu"), "Go to the outgoing servers"),
        hit("Enter", "Open them"),
        shown(".o_list_view .o_data_row", "The server is listed"),
        go("ArrowDown", ".o_data_row .o_list_record_selector input", "Go to its line"),
        hit("Enter", "Open the server"),
        shown("button[name=action_office365_test]", "The server is open"),
        go("Shift+Tab", "button[name=action_office365_test]", "Go to Test Connection"),
        hit("Enter", "Test the connection"),
        shown(".modal .alert-success", "The test is passed"),
        focusIsAt(close, "The focus is at the button that closes the dialog"),
        go("Tab", ".modal .o_mail_office365_again", "It stays in the dialog"),
        go("Tab", close, "and comes round"),
        hit("Enter", "Close the dialog"),
        shown("body:not(:has(.modal))", "It is closed"),
        focusIsAt("button[name=action_office365_test]", "The focus is back at Test Connection"),
        hit("Enter", "Test the connection again"),
        shown(".modal .alert-success", "The test is passed again"),
        hit("Escape", "Leave the dialog"),
        shown("body:not(:has(.modal))", "It is closed"),
        focusIsAt("button[name=action_office365_test]", "The focus is back at Test Connection"),

        go("Shift+Tab", item("office365_app_sent_menu"), "Go to the menu Email Log"),
        hit("Enter", "Open the log"),
        shown(".o_list_view .o_data_row:contains(Refused offer)", "The email that failed is listed, below the two tests"),
        go("ArrowDown", ".o_data_row:nth-child(3) .o_list_record_selector input", "Go to its line"),
        hit("Enter", "Open the email"),
        focusIsAt("button[name=action_retry]", "The focus is at Retry"),
        hit("Enter", "Retry"),
        shown(".o_field_widget[name=delivery_ids]:contains(250 2.0.0)", "It was sent"),
    ],
});
