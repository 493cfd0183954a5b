import { rpc } from "@web/core/network/rpc";

// Where the local servers listen is only known when they run: the test leaves it in system parameters.
export function parameter(name) {
    return rpc("/web/dataset/call_kw/ir.config_parameter/get_param", {
        model: "ir.config_parameter",
        method: "get_param",
        args: [`mail_office365.tour.${name}`],
        kwargs: {},
    });
}

export function openPreferences() {
    return [
        {
            content: "Open the user menu",
            trigger: ".o_user_menu .dropdown-toggle",
            run: "click",
        },
        {
            content: "Open Preferences",
            trigger: "[data-menu=preferences]",
            run: "click",
        },
    ];
}
