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

/** Returns what had the focus; if it was drawn anew, the button of its name; if that is gone, the first button of the page. */
function toReturnTo(opener) {
    const named = opener?.getAttribute("name") ? `.o_action_manager button[name="${opener.getAttribute("name")}"]` : "";
    const candidates = [named, ".o_statusbar_buttons button", ".o_control_panel button"].filter(Boolean);
    return [opener, ...candidates.flatMap((selector) => [...document.querySelectorAll(selector)])].find(isShown);
}

/** Focus what is to be returned to, once the page is read again and the dialog is gone. */
async function focusAfter(reloaded, opener) {
    const open = document.querySelectorAll(".o_dialog").length;
    await reloaded;
    const look = () => {
        const left = document.querySelectorAll(".o_dialog").length;
        if (left && left === open) {
            requestAnimationFrame(look);
        } else if (!left) {
            toReturnTo(opener)?.focus();
        }
    };
    requestAnimationFrame(look);
}

/**
 * Opens a dialog of a client action. Once it is closed, the page reads its records again, and the focus goes back to where it
 * was. If it is closed with `hasLeft`, another page is about to open.
 */
export function openDialog(env, component, props, options) {
    const opener = lastFocused;
    const reload =
        options?.onClose || (() => env.services.action.doAction({ type: "ir.actions.client", tag: "soft_reload" }));
    env.services.dialog.add(component, props, {
        // Not waited for: the dialog would stay, and go on with what it does, until the page is read again.
        onClose: (result) => {
            if (!result?.hasLeft) {
                focusAfter(reload(), opener);
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
