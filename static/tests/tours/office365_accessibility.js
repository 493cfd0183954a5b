import { registry } from "@web/core/registry";

/**
 * The test brings axe and says what is opened: `window.office365Accessibility` is a list of window widths with their screens. A screen is
 * `{ name, kind, opens, shows, phone }`: an action, by what it is seen to be there, and what a phone must show without being scrolled
 * sideways.
 */
const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
const PANES = ".o_content, .o_list_renderer, .o_kanban_renderer, .o_form_sheet_bg, .modal-body";

/** Opens another page first: a dialog that is closed reloads the one below it, and that would close the next dialog. */
async function open({ kind, opens }) {
    const { action, dialog } = odoo.__WOWL_DEBUG__.root.env.services;
    dialog.closeAll();
    if (kind === "dialog") {
        await action.doAction("mail_office365.office365_cause_action", { clearBreadcrumbs: true });
    }
    await action.doAction(opens, { clearBreadcrumbs: true });
}

async function look({ name, kind, phone }, width) {
    const place = document.querySelector(".modal") ? ".modal:not(.o_inactive_modal)" : ".o_action_manager";
    const { violations } = await axe.run(place, { runOnly: RULES, resultTypes: ["violations"] });
    const found = violations.flatMap(({ id, impact, nodes }) =>
        nodes.map(({ any, html }) => {
            const { fgColor, bgColor } = any.find((check) => check.id === "color-contrast")?.data || {};
            return { rule: id, impact, html: html.slice(0, 200), colours: fgColor ? `${fgColor} on ${bgColor}` : "" };
        })
    );
    const isWide = [...document.querySelectorAll(PANES)].some((pane) => pane.checkVisibility() && pane.scrollWidth > pane.clientWidth + 1);
    const box = phone && document.querySelector(phone)?.getBoundingClientRect();
    const isShown = !phone || Boolean(box?.width && box.left >= 0 && box.right <= width);
    console.log("office365: found " + JSON.stringify({ width, name, kind, found, isWide, isShown }));
}

function steps({ width, screens }) {
    return [
        {
            content: `The window is ${width} pixels wide, and nothing moves in it`,
            trigger: "body",
            async run() {
                console.log(`office365: width ${width}`);
                while (window.innerWidth !== width) {
                    await new Promise((resolve) => setTimeout(resolve, 20));
                }
                const style = document.head.appendChild(document.createElement("style"));
                style.textContent = "* { transition: none !important; animation: none !important; }";
            },
        },
        ...screens.flatMap((screen) => [
            {
                content: `Open ${screen.name}`,
                trigger: "body",
                run: () => open(screen),
            },
            {
                content: `Look at ${screen.name}`,
                trigger: screen.shows,
                timeout: 30000,
                run: () => look(screen, width),
            },
        ]),
    ];
}

registry.category("web_tour.tours").add("mail_office365_accessibility", {
    // Asked for before the plan is there, to see whether the tour exists.
    steps: () => (window.office365Accessibility || []).flatMap(steps),
});
