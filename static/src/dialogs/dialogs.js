import { useEffect } from "@odoo/owl";

/** @type {Element|null} what had the focus last on the page: a button loses it while its action is asked for, as it is disabled */
let lastFocused = null;
document.addEventListener("focusin", ({ target }) => {
    if (!target.closest(".o_dialog")) {
        lastFocused = target;
    }
});

function isShown(element) {
    return Boolean(element?.isConnected && element.checkVisibility());
}

/**
 * Opens a dialog of a client action. Once it is closed, the page reads its records again, and the focus is where it was; if that is gone,
 * at the first button of the page. If it is closed with `hasLeft`, another page is about to open.
 */
export function openDialog(env, component, props, options) {
    const opener = lastFocused;
    const reload =
        options?.onClose || (() => env.services.action.doAction({ type: "ir.actions.client", tag: "soft_reload" }));
    env.services.dialog.add(component, props, {
        onClose: async (result) => {
            if (result?.hasLeft) {
                return;
            }
            await reload();
            if (!document.querySelector(".o_dialog")) {
                const first = document.querySelector(".o_statusbar_buttons button, .o_control_panel button");
                (isShown(opener) ? opener : first)?.focus();
            }
        },
    });
}

/** Once it is over, the button that had the focus is gone: the one that whoever uses the keyboard goes on with gets it. */
export function useFocusAtEnd(isOver) {
    useEffect(
        (over) => {
            const dialog = document.querySelector(".o_dialog:not(.o_inactive_modal)");
            if (over && dialog && !dialog.querySelector(".modal-content").contains(document.activeElement)) {
                dialog.querySelector(".modal-footer .btn-primary")?.focus();
            }
        },
        () => [isOver()]
    );
}
